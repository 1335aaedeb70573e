//! What a region offers and asks: its zones, the zones of every type, on-demand prices and the Spot Instance Advisor's figures.
//! Where they come from stands in `data/SOURCE.md`.

use serde::{Deserialize, Serialize};

use super::facts::rows;
use crate::cloud::Price;
use crate::cloud::market::pool_identity;
use crate::cloud::money::NanoUsd;
use crate::des::{Purpose, StreamKey};

/// A region with its data.
pub(super) struct Region {
    pub(super) name: &'static str,
    /// What AWS calls it.
    pub(super) title: &'static str,
    /// Zone id and the letter name it had in the account the data were read in, in the order of the digits in the table.
    pub(super) zones: &'static [(&'static str, &'static str)],
    table: &'static [u8],
}

pub(super) const REGIONS: [Region; 3] = [
    Region {
        name: "ap-south-1",
        title: "Asia Pacific (Mumbai)",
        zones: &[
            ("aps1-az1", "ap-south-1a"),
            ("aps1-az2", "ap-south-1c"),
            ("aps1-az3", "ap-south-1b"),
        ],
        table: include_bytes!("../data/ap-south-1.csv.gz"),
    },
    Region {
        name: "us-east-1",
        title: "US East (N. Virginia)",
        zones: &[
            ("use1-az1", "us-east-1d"),
            ("use1-az2", "us-east-1a"),
            ("use1-az3", "us-east-1e"),
            ("use1-az4", "us-east-1b"),
            ("use1-az5", "us-east-1f"),
            ("use1-az6", "us-east-1c"),
        ],
        table: include_bytes!("../data/us-east-1.csv.gz"),
    },
    Region {
        name: "eu-west-1",
        title: "Europe (Ireland)",
        zones: &[
            ("euw1-az1", "eu-west-1b"),
            ("euw1-az2", "eu-west-1c"),
            ("euw1-az3", "eu-west-1a"),
        ],
        table: include_bytes!("../data/eu-west-1.csv.gz"),
    },
];

impl Region {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        REGIONS.iter().find(|region| region.name == name)
    }

    /// Types offered here, by name, with the places of their zones and their terms.
    pub(super) fn terms(&self) -> Vec<(String, TypeTerms)> {
        rows::<Row>(self.table)
            .into_iter()
            .map(|row| row.resolved(self.zones))
            .collect()
    }
}

/// Where an on-demand price comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PriceSource {
    /// Karpenter's compiled-in table of 2026-07-20.
    Karpenter,
    /// Spare Cores, 2024-02-21.
    Sparecores,
    /// SkyPilot's catalogue v8.
    Skypilot,
    /// Apache Libcloud, 2025-03.
    Libcloud,
    /// Another tenancy's price, scaled.
    Scaled,
    /// The us-east-1 price times the ratio of the nearest family.
    Estimated,
}

impl PriceSource {
    /// Whether nobody has seen this price.
    #[must_use]
    pub const fn is_estimated(self) -> bool {
        matches!(self, Self::Scaled | Self::Estimated)
    }
}

/// Where the Spot Instance Advisor's figures of a type come from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpotSource {
    /// The advisor's feed of 2025-06-28.
    Advisor,
    /// The median of like types in the region.
    Estimated,
}

/// Where the spot price of a type in a zone comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpotPriceSource {
    /// Seen in 2025 or later.
    Observed,
    /// On-demand less the advisor's savings.
    Advisor,
    /// On-demand less savings that are themselves estimated.
    Estimated,
}

impl From<SpotSource> for SpotPriceSource {
    fn from(savings: SpotSource) -> Self {
        match savings {
            SpotSource::Advisor => Self::Advisor,
            SpotSource::Estimated => Self::Estimated,
        }
    }
}

/// On what terms a region offers a type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeTerms {
    /// Places in [`super::Catalog::zones`] of the zones that have the type, ascending.
    pub zones: Vec<usize>,
    /// The on-demand price, unless nobody knows it.
    pub on_demand: Option<OnDemandTerms>,
    /// The terms of spot, where the type is sold so.
    pub spot: Option<SpotTerms>,
}

/// An on-demand price with its source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OnDemandTerms {
    /// Per hour.
    pub price: Price,
    /// Where it was seen.
    pub source: PriceSource,
}

/// The Spot Instance Advisor's figures, and prices seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpotTerms {
    /// How often it is interrupted.
    pub bucket: InterruptionBucket,
    /// Percent below on-demand, averaged over a month.
    pub savings_percent: u8,
    /// Where the two come from.
    pub source: SpotSource,
    /// The price in each zone of the region, by place, with its source.
    pub prices: Vec<(Price, SpotPriceSource)>,
}

impl TypeTerms {
    /// The spot price in the zone at `place`, and where it comes from. `None` where the type is not sold as spot.
    #[must_use]
    pub fn spot_price(&self, place: usize) -> Option<(Price, SpotPriceSource)> {
        self.spot.as_ref().map(|spot| spot.prices[place])
    }
}

/// The advisor's bands of "frequency of interruption" over a month (spec/kubernetes.md 8.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum InterruptionBucket {
    /// Under 5 %.
    Below5,
    /// 5-10 %.
    From5To10,
    /// 10-15 %.
    From10To15,
    /// 15-20 %.
    From15To20,
    /// Over 20 %.
    Above20,
}

impl InterruptionBucket {
    /// All, from calm to restless.
    pub const ALL: [Self; 5] = [
        Self::Below5,
        Self::From5To10,
        Self::From10To15,
        Self::From15To20,
        Self::Above20,
    ];

    /// The band in fractions interrupted per month: at least, less than.
    #[must_use]
    pub const fn band(self) -> (f64, f64) {
        match self {
            Self::Below5 => (0.0, 0.05),
            Self::From5To10 => (0.05, 0.10),
            Self::From10To15 => (0.10, 0.15),
            Self::From15To20 => (0.15, 0.20),
            Self::Above20 => (0.20, 1.0),
        }
    }

    /// The fraction taken to be interrupted in a month: the middle of the band, 30 % for the open one (spec/kubernetes.md 8.1).
    #[must_use]
    pub const fn monthly_fraction(self) -> f64 {
        match self {
            Self::Below5 => 0.025,
            Self::From5To10 => 0.075,
            Self::From10To15 => 0.125,
            Self::From15To20 => 0.175,
            Self::Above20 => 0.30,
        }
    }
}

#[derive(Deserialize)]
struct Row {
    instance_type: String,
    zones: String,
    on_demand_usd: Option<String>,
    price_source: Option<PriceSource>,
    interruption_bucket: Option<usize>,
    savings_percent: Option<u8>,
    spot_source: Option<SpotSource>,
    observed_spot_usd: Option<String>,
}

impl Row {
    fn resolved(self, zones: &[(&str, &str)]) -> (String, TypeTerms) {
        let digit = |digit: u8| usize::from(digit - b'1');
        let on_demand = self.on_demand_usd.as_deref().and_then(price);
        let on_demand = on_demand.zip(self.price_source);
        let terms = TypeTerms {
            zones: self.zones.bytes().map(digit).collect(),
            on_demand: on_demand.map(|(price, source)| OnDemandTerms { price, source }),
            spot: on_demand.and_then(|(on_demand, _)| self.spot(on_demand, zones)),
        };
        (self.instance_type, terms)
    }

    fn spot(&self, on_demand: Price, zones: &[(&str, &str)]) -> Option<SpotTerms> {
        let (savings_percent, source) = (self.savings_percent?, self.spot_source?);
        let mut observed = self
            .observed_spot_usd
            .iter()
            .flat_map(|seen| seen.split(' '));
        let prices = zones.iter().map(|(zone_id, _)| {
            let pool = pool_identity(&self.instance_type, zone_id);
            match observed.next().and_then(price) {
                Some(seen) => (seen, SpotPriceSource::Observed),
                None => (derived(on_demand, savings_percent, pool), source.into()),
            }
        });
        Some(SpotTerms {
            prices: prices.collect(),
            bucket: InterruptionBucket::ALL[self.interruption_bucket?],
            savings_percent,
            source,
        })
    }
}

/// Most the spot price of a zone differs from the advisor's figure for the region, in parts per million. An assumption: enough that
/// the zones of a type are never tied.
const ZONE_SPREAD_PPM: u64 = 50_000;
/// The draw of a pool's key that sets its zone apart; the market's draws stay far below.
const SPREAD_DRAW: u64 = u64::MAX;

/// On-demand less the advisor's savings, moved by the pool's own fixed amount.
fn derived(on_demand: Price, savings_percent: u8, pool: u64) -> Price {
    let spread = StreamKey {
        seed: 0, // the catalogue is the same in every run
        purpose: Purpose::SpotMarket,
        entity: pool,
    };
    let drawn = spread.below(SPREAD_DRAW, 2 * ZONE_SPREAD_PPM + 1);
    let of_mean_ppm = u128::from(1_000_000 - ZONE_SPREAD_PPM + drawn);
    let of_on_demand_percent = u128::from(100 - savings_percent);
    let nanos = u128::from(on_demand.0) * of_on_demand_percent * of_mean_ppm / 100_000_000;
    Price(nanos as u64)
}

fn price(text: &str) -> Option<Price> {
    NanoUsd::parse(text).map(|nanos| Price(nanos.0 as u64))
}
