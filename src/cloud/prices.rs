//! What does everything that is not an instance cost (spec/kubernetes.md 7.1-7.4)? Every price carries how well it is known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::billing::BillLine;
use super::catalog::{PriceSource, SpotPriceSource};
use super::money::NanoUsd;

/// Microseconds of an hour.
pub(super) const HOUR: u128 = 3_600_000_000;
/// Microseconds of the month that monthly prices are divided by: 730 hours.
const MONTH: u128 = 730 * HOUR;
/// Bytes of the GB that storage and traffic are sold by.
const GB: u128 = 1 << 30;

/// Indian goods and services tax on an invoice, parts per million (cited).
pub const GST_PPM: u32 = 180_000;

/// What is charged for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// EKS control plane of a version in standard support.
    ControlPlaneStandard,
    /// EKS control plane of a version in extended support.
    ControlPlaneExtended,
    /// A NAT gateway.
    NatGateway,
    /// Bytes through a NAT gateway, either way.
    NatData,
    /// An application load balancer.
    Alb,
    /// Its capacity units.
    AlbLcu,
    /// A public IPv4 address.
    PublicIpv4,
    /// gp3 volumes.
    Gp3Storage,
    /// gp3 operations per second beyond the included.
    Gp3Iops,
    /// gp3 throughput beyond the included.
    Gp3Throughput,
    /// Bytes between zones, charged on each side.
    InterAz,
    /// Bytes to the internet.
    InternetEgress,
    /// S3 Standard.
    S3Storage,
    /// PUT, COPY, POST, LIST.
    S3Writes,
    /// GET.
    S3Reads,
    /// Bytes from CloudFront to viewers.
    CloudfrontOut,
    /// Bytes from viewers through CloudFront to the origin.
    CloudfrontOriginUpload,
    /// HTTPS requests to CloudFront.
    CloudfrontRequests,
    /// Container images.
    EcrStorage,
    /// Requests to standard queues.
    SqsStandard,
}

impl Item {
    /// What a bill calls it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ControlPlaneStandard => "EKS control plane",
            Self::ControlPlaneExtended => "EKS control plane, extended support",
            Self::NatGateway => "NAT gateway",
            Self::NatData => "NAT gateway data",
            Self::Alb => "Application load balancer",
            Self::AlbLcu => "Load balancer capacity units",
            Self::PublicIpv4 => "Public IPv4 addresses",
            Self::Gp3Storage => "gp3 storage",
            Self::Gp3Iops => "gp3 extra operations",
            Self::Gp3Throughput => "gp3 extra throughput",
            Self::InterAz => "Traffic between zones",
            Self::InternetEgress => "Traffic to the internet",
            Self::S3Storage => "S3 storage",
            Self::S3Writes => "S3 writes and lists",
            Self::S3Reads => "S3 reads",
            Self::CloudfrontOut => "CloudFront to viewers",
            Self::CloudfrontOriginUpload => "CloudFront to origin",
            Self::CloudfrontRequests => "CloudFront requests",
            Self::EcrStorage => "ECR storage",
            Self::SqsStandard => "SQS requests",
        }
    }

    /// The part of the platform a bill shows it under.
    #[must_use]
    pub const fn layer(self) -> Layer {
        match self {
            Self::ControlPlaneStandard | Self::ControlPlaneExtended => Layer::ControlPlane,
            Self::Gp3Storage | Self::Gp3Iops | Self::Gp3Throughput => Layer::Volumes,
            Self::Alb | Self::AlbLcu => Layer::LoadBalancing,
            Self::NatGateway
            | Self::NatData
            | Self::PublicIpv4
            | Self::InterAz
            | Self::InternetEgress => Layer::Network,
            Self::S3Storage | Self::S3Writes | Self::S3Reads | Self::EcrStorage => {
                Layer::ObjectStorage
            }
            Self::CloudfrontOut | Self::CloudfrontOriginUpload | Self::CloudfrontRequests => {
                Layer::Edge
            }
            Self::SqsStandard => Layer::Queues,
        }
    }
}

/// A part of the platform.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Instances.
    Compute,
    /// Their volumes.
    Volumes,
    /// EKS.
    ControlPlane,
    /// Load balancers.
    LoadBalancing,
    /// Gateways, addresses and traffic.
    Network,
    /// Queues.
    Queues,
    /// S3 and ECR.
    ObjectStorage,
    /// CloudFront.
    Edge,
    /// Tax on all of it.
    Tax,
}

/// How well a price is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// Seen in a bill, a price file or a page of AWS.
    Cited,
    /// Generic, or derived from what was seen.
    Weak,
    /// Inferred from other prices.
    Estimated,
    /// From memory; must be checked by a person.
    Uncited,
}

impl Quality {
    /// As reports write it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Cited => "cited",
            Self::Weak => "weak",
            Self::Estimated => "estimated",
            Self::Uncited => "UNCITED",
        }
    }
}

impl From<PriceSource> for Quality {
    fn from(source: PriceSource) -> Self {
        if source.is_estimated() {
            Self::Estimated
        } else {
            Self::Cited
        }
    }
}

impl From<SpotPriceSource> for Quality {
    fn from(source: SpotPriceSource) -> Self {
        match source {
            SpotPriceSource::Observed => Self::Cited,
            SpotPriceSource::Advisor => Self::Weak,
            SpotPriceSource::Estimated => Self::Estimated,
        }
    }
}

/// What a price is for one of. Quantities are counted in base units, [`Unit::base`] of which make one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Base unit: a microsecond.
    Hour,
    /// An hour of which a begun one counts whole. Base unit: a microsecond.
    StartedHour,
    /// Base unit: a byte for a microsecond.
    GbMonth,
    /// Base unit: an operation per second for a microsecond.
    IopsMonth,
    /// Base unit: a MiB per second for a microsecond.
    MibPerSecondMonth,
    /// Base unit: a byte.
    Gb,
    /// Base unit: a millionth of it.
    LcuHour,
    /// Base unit: a request.
    ThousandRequests,
    /// Base unit: a request.
    TenThousandRequests,
    /// Base unit: a request.
    MillionRequests,
    /// A part of a whole. Base unit: a millionth.
    Fraction,
}

impl Unit {
    /// As a bill writes it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hour | Self::StartedHour => "hours",
            Self::GbMonth => "GB-months",
            Self::IopsMonth => "IOPS-months",
            Self::MibPerSecondMonth => "MiB/s-months",
            Self::Gb => "GB",
            Self::LcuHour => "LCU-hours",
            Self::ThousandRequests => "thousand requests",
            Self::TenThousandRequests => "ten thousand requests",
            Self::MillionRequests => "million requests",
            Self::Fraction => "of the total",
        }
    }

    /// Base units in one unit.
    #[must_use]
    pub const fn base(self) -> u128 {
        match self {
            Self::Hour | Self::StartedHour => HOUR,
            Self::GbMonth => GB * MONTH,
            Self::IopsMonth | Self::MibPerSecondMonth => MONTH,
            Self::Gb => GB,
            Self::ThousandRequests => 1_000,
            Self::TenThousandRequests => 10_000,
            Self::LcuHour | Self::MillionRequests | Self::Fraction => 1_000_000,
        }
    }
}

/// The price of an item in a region.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tariff {
    /// What it is for.
    pub item: Item,
    /// What the prices are for one of.
    pub unit: Unit,
    /// Ascending; the last has no end.
    pub tiers: Vec<Tier>,
    /// How well the prices are known.
    pub quality: Quality,
    /// Where they were seen.
    pub source: String,
}

/// A price up to an amount per month.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tier {
    /// Where the tier ends, in base units; `None` for the last.
    pub up_to: Option<u128>,
    /// Per unit.
    pub price: NanoUsd,
}

impl Tariff {
    /// The lines for `quantity` base units in a month in which `used_before` were used already: one for each tier reached.
    #[must_use]
    pub fn charge(&self, quantity: u128, used_before: u128) -> Vec<BillLine> {
        let end = used_before + quantity;
        let mut from = used_before;
        let mut lines = Vec::new();
        for tier in &self.tiers {
            let to = tier.up_to.map_or(end, |up_to| up_to.min(end));
            if to > from {
                lines.push(self.line(to - from, tier.price));
                from = to;
            }
        }
        lines
    }

    fn line(&self, quantity: u128, unit_price: NanoUsd) -> BillLine {
        BillLine {
            layer: self.item.layer(),
            item: self.item.title().to_owned(),
            quantity,
            unit: self.unit,
            unit_price,
            amount: unit_price.scaled(quantity as i128, self.unit.base() as i128),
            quality: self.quality,
        }
    }
}

/// The tariffs of a region.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PriceList(BTreeMap<Item, Tariff>);

#[derive(Deserialize)]
struct Row {
    item: Item,
    region: String,
    unit: Unit,
    up_to: Option<u128>,
    usd: String,
    quality: Quality,
    source: String,
}

impl PriceList {
    /// The tariffs of a region of [`super::Catalog::regions`].
    #[must_use]
    pub fn of(region: &str) -> Self {
        let mut tariffs: BTreeMap<Item, Tariff> = BTreeMap::new();
        let rows = csv::Reader::from_reader(include_bytes!("data/tariffs.csv").as_slice());
        for row in rows.into_deserialize::<Row>() {
            let row = row.expect("the embedded tariffs are whole");
            if row.region != region && row.region != "all" {
                continue;
            }
            let tier = Tier {
                up_to: row.up_to.map(|units| units * row.unit.base()),
                price: NanoUsd::parse(&row.usd).expect("embedded prices are decimals"),
            };
            let tariff = tariffs.entry(row.item).or_insert_with(|| Tariff {
                item: row.item,
                unit: row.unit,
                tiers: Vec::new(),
                quality: row.quality,
                source: row.source,
            });
            tariff.tiers.push(tier);
        }
        Self(tariffs)
    }

    /// The tariff of an item.
    #[must_use]
    pub fn tariff(&self, item: Item) -> &Tariff {
        &self.0[&item]
    }

    /// Every tariff.
    pub fn iter(&self) -> impl Iterator<Item = &Tariff> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests;
