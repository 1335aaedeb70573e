//! The market against the advisor's bands, and the promises that make it one world for every policy.

use super::*;
use crate::cloud::catalog::InterruptionBucket;

fn mumbai() -> (Catalog, Symbols) {
    let mut symbols = Symbols::new();
    let catalog = Catalog::load("ap-south-1", &mut symbols).unwrap();
    (catalog, symbols)
}

fn market(seed: u64, settings: &MarketSettings) -> (SpotMarket, Catalog, Symbols) {
    let (catalog, symbols) = mumbai();
    (
        SpotMarket::new(&catalog, &symbols, seed, settings),
        catalog,
        symbols,
    )
}

fn pool(catalog: &Catalog, symbols: &Symbols, name: &str, place: usize) -> Pool {
    Pool {
        instance_type: catalog.id_of(symbols.get(name).unwrap()).unwrap(),
        zone: catalog.zones[place].id,
    }
}

/// Every pool sold as spot, with its band.
fn spot_pools(catalog: &Catalog) -> Vec<(Pool, InterruptionBucket)> {
    let pools = catalog.ids().flat_map(|id| {
        let terms = catalog.terms(id);
        let bucket = terms.spot.as_ref().map(|spot| spot.bucket);
        let pool = move |place: &usize| (id, *place, bucket);
        terms.zones.iter().map(pool).collect::<Vec<_>>()
    });
    pools
        .filter_map(|(instance_type, place, bucket)| {
            let zone = catalog.zones[place].id;
            bucket.map(|bucket| {
                (
                    Pool {
                        instance_type,
                        zone,
                    },
                    bucket,
                )
            })
        })
        .collect()
}

const MONTH: u64 = 730 * 3_600;

/// Share of months in which an instance that lives through the month is reclaimed, per band.
fn monthly_interruptions(settings: &MarketSettings) -> [f64; 5] {
    const MONTHS: u64 = 36;
    let (mut market, catalog, _) = market(7, settings);
    let mut reclaimed = [0_u32; 5];
    let mut observed = [0_u32; 5];
    for (pool, bucket) in spot_pools(&catalog) {
        observed[bucket as usize] += MONTHS as u32;
        reclaimed[bucket as usize] += months_hit(&mut market, pool, MONTHS) as u32;
    }
    std::array::from_fn(|band| f64::from(reclaimed[band]) / f64::from(observed[band]))
}

#[test]
fn long_lived_instances_are_interrupted_as_the_advisor_says() {
    let business = BusinessHours {
        multiplier: 1.5,
        ..BusinessHours::default()
    };
    for business_hours in [BusinessHours::default(), business] {
        let settings = MarketSettings {
            business_hours,
            ..MarketSettings::default()
        };
        let found = monthly_interruptions(&settings);
        for bucket in InterruptionBucket::ALL {
            let (low, high) = bucket.band();
            let share = found[bucket as usize];
            assert!(low < share && share < high, "{bucket:?}: {share}");
            let expected = bucket.monthly_fraction();
            assert!((share / expected - 1.0).abs() < 0.12, "{bucket:?}: {share}");
        }
    }
}

/// Months for which the instances of a type are watched, over all its zones.
const TYPE_MONTHS: u64 = 4_500;

#[test]
fn instances_of_every_type_are_interrupted_within_its_band_in_every_region() {
    for region in Catalog::regions() {
        let mut symbols = Symbols::new();
        let catalog = Catalog::load(region, &mut symbols).unwrap();
        let mut market = SpotMarket::new(&catalog, &symbols, 5, &MarketSettings::default());
        for of_type in spot_pools(&catalog).chunk_by(|a, b| a.0.instance_type == b.0.instance_type)
        {
            let months = TYPE_MONTHS / of_type.len() as u64;
            let hit: u64 = of_type
                .iter()
                .map(|&(pool, _)| months_hit(&mut market, pool, months))
                .sum();
            let share = hit as f64 / (months * of_type.len() as u64) as f64;
            let (pool, bucket) = of_type[0];
            let (low, high) = bucket.band();
            let name = &catalog.facts(pool.instance_type).instance_type;
            assert!(low < share && share < high, "{name} in {region}: {share}");
        }
    }
}

/// Of so many months, those in which an instance that lives through the month is reclaimed.
fn months_hit(market: &mut SpotMarket, pool: Pool, months: u64) -> u64 {
    let mut hit = 0;
    let (mut after, mut counted) = (SimTime::ZERO, None);
    while let Some(outage) = market.next_down(pool, after)
        && outage.from < SimTime::from_secs(months * MONTH)
    {
        let month = outage.from.as_micros() / (MONTH * 1_000_000);
        let reclaimed = market.notice(pool, &outage, month as u32).is_some();
        if reclaimed && counted.replace(month) != Some(month) {
            hit += 1;
        }
        after = outage.from;
    }
    hit
}

#[test]
fn the_path_does_not_depend_on_the_questions() {
    let settings = MarketSettings::default();
    let (mut forwards, catalog, symbols) = market(3, &settings);
    let (mut backwards, ..) = market(3, &settings);
    let pool = pool(&catalog, &symbols, "m5.large", 0);
    let instants: Vec<SimTime> = (0..500).map(|n| SimTime::from_secs(n * 40_000)).collect();
    let seen: Vec<_> = instants
        .iter()
        .map(|&at| {
            (
                forwards.is_up(pool, at),
                forwards.next_down(pool, at),
                forwards.price(pool, at),
            )
        })
        .collect();
    for (&at, seen) in instants.iter().zip(&seen).rev() {
        let price = backwards.price(pool, at);
        let again = (
            backwards.is_up(pool, at),
            backwards.next_down(pool, at),
            price,
        );
        assert_eq!(again, *seen);
    }
    let (mut other, ..) = market(4, &settings);
    assert_ne!(
        other.next_down(pool, SimTime::ZERO),
        forwards.next_down(pool, SimTime::ZERO)
    );
}

#[test]
fn an_outage_is_down_between_thin_hours() {
    let (mut market, catalog, symbols) = market(3, &MarketSettings::default());
    let pool = pool(&catalog, &symbols, "m5.large", 0);
    let outage = market.next_down(pool, SimTime::ZERO).unwrap();
    let hour = THIN_AROUND_OUTAGE;
    let micro = SimDuration::from_micros(1);
    for (at, expected) in [
        (
            outage.from.checked_sub(hour + micro).unwrap(),
            Capacity::Ample,
        ),
        (outage.from.checked_sub(hour).unwrap(), Capacity::Thin),
        (outage.from, Capacity::None),
        (outage.until.checked_sub(micro).unwrap(), Capacity::None),
        (outage.until, Capacity::Thin),
        (outage.until + hour, Capacity::Ample),
    ] {
        assert_eq!(
            market.capacity(pool, CapacityType::Spot, at),
            expected,
            "{at:?}"
        );
        assert_eq!(
            market.capacity(pool, CapacityType::OnDemand, at),
            Capacity::Ample
        );
    }
}

#[test]
fn an_outage_takes_two_thirds_of_a_pool_within_three_minutes() {
    let (mut market, catalog, _) = market(11, &MarketSettings::default());
    let (mut hit, mut asked) = (0_u32, 0_u32);
    for (pool, _) in spot_pools(&catalog).into_iter().take(600) {
        let outage = market.next_down(pool, SimTime::ZERO).unwrap();
        for ordinal in 0..50 {
            asked += 1;
            if let Some(notice) = market.notice(pool, &outage, ordinal) {
                hit += 1;
                assert!(notice >= outage.from && notice <= outage.from + NOTICES_WITHIN);
            }
        }
    }
    let share = f64::from(hit) / f64::from(asked);
    assert!((share - 2.0 / 3.0).abs() < 0.03, "{share}");
}

#[test]
fn a_drought_strikes_what_it_names() {
    let (from, until) = (SimTime::from_secs(1_000), SimTime::from_secs(5_000));
    let settings = MarketSettings {
        hazard_scale: 0.0,
        droughts: vec![Drought {
            families: vec!["g5".into()],
            types: Vec::new(),
            zones: vec!["aps1-az1".into()],
            on_demand_too: true,
            from,
            until,
        }],
        ..MarketSettings::default()
    };
    let (mut market, catalog, symbols) = market(3, &settings);
    let struck = pool(&catalog, &symbols, "g5.xlarge", 0);
    let outage = market.next_down(struck, SimTime::ZERO).unwrap();
    assert_eq!((outage.from, outage.until), (from, until));
    assert_eq!(market.next_down(struck, from), None);
    for (secs, up) in [(999, true), (1_000, false), (4_999, false), (5_000, true)] {
        assert_eq!(market.is_up(struck, SimTime::from_secs(secs)), up, "{secs}");
    }
    let on_demand = market.capacity(struck, CapacityType::OnDemand, from);
    assert_eq!(on_demand, Capacity::None);
    for (name, place) in [("g5.xlarge", 2), ("g4dn.xlarge", 0)] {
        let spared = pool(&catalog, &symbols, name, place);
        assert!(market.is_up(spared, from));
        assert_eq!(market.next_down(spared, SimTime::ZERO), None);
    }
}

#[test]
fn prices_move_slowly_from_the_catalogues_and_stay_under_on_demand() {
    const DAY: u64 = 86_400;
    let (mut market, catalog, symbols) = market(3, &MarketSettings::default());
    let pool = pool(&catalog, &symbols, "m7g.large", 1);
    assert_eq!(market.price(pool, SimTime::ZERO), Price(30_300_000));
    let end = SimTime::from_secs(365 * DAY);
    let path = market.price_path(pool, SimTime::ZERO, end);
    assert_eq!(path.changes.len(), 365);
    let mut before = path.initial;
    let mut squares = 0.0;
    for &(at, price) in &path.changes {
        assert_eq!(market.price(pool, at), price);
        assert!(price <= Price(58_300_000));
        squares += (price.0 as f64 / before.0 as f64).ln().powi(2);
        before = price;
    }
    let step = (squares / 365.0).sqrt();
    assert!((0.01..0.02).contains(&step), "{step}");
    let later = market.price_path(pool, SimTime::from_secs(100 * DAY), end);
    assert_eq!(
        later.initial,
        market.price(pool, SimTime::from_secs(100 * DAY))
    );
    assert_eq!(later.changes, path.changes[100..]);
}
