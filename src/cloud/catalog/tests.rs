//! The catalogue against published prices, labels and zones.

use super::*;
use crate::cloud::{AmiFamily, Price};

fn mumbai() -> (Catalog, Symbols) {
    let mut symbols = Symbols::new();
    let catalog = Catalog::load("ap-south-1", &mut symbols).unwrap();
    (catalog, symbols)
}

fn id(catalog: &Catalog, symbols: &Symbols, name: &str) -> InstanceTypeId {
    catalog.id_of(symbols.get(name).unwrap()).unwrap()
}

#[test]
fn every_region_loads_whole() {
    for (region, types, zones) in [
        ("ap-south-1", 828, 3),
        ("us-east-1", 1_340, 6),
        ("eu-west-1", 1_177, 3),
    ] {
        let mut symbols = Symbols::new();
        let catalog = Catalog::load(region, &mut symbols).unwrap();
        assert_eq!(catalog.types.len(), types, "{region}");
        assert_eq!(catalog.zones.len(), zones, "{region}");
        for id in catalog.ids() {
            let seen = catalog.get(id);
            assert_eq!(catalog.id_of(seen.name), Some(id));
            assert_eq!(
                seen.offerings.is_empty(),
                catalog.terms(id).on_demand.is_none()
            );
            assert!(
                seen.offerings
                    .iter()
                    .all(|offering| offering.price > Price(0))
            );
        }
    }
}

#[test]
fn an_unknown_region_names_the_known_ones() {
    let error = Catalog::load("eu-north-1", &mut Symbols::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no catalogue of region `eu-north-1`, expected one of ap-south-1, us-east-1, eu-west-1"
    );
}

#[test]
fn prices_of_mumbai_are_those_of_the_price_files() {
    let (catalog, symbols) = mumbai();
    for (name, nanos) in [
        ("g4dn.xlarge", 579_000_000),
        ("m7g.large", 58_300_000),
        ("t3.large", 89_600_000),
        ("c7g.large", 49_100_000),
    ] {
        let on_demand = catalog
            .terms(id(&catalog, &symbols, name))
            .on_demand
            .unwrap();
        assert_eq!(on_demand.price, Price(nanos), "{name}");
        assert!(!on_demand.source.is_estimated(), "{name}");
    }
}

#[test]
fn spot_prices_are_seen_or_derived() {
    let (catalog, symbols) = mumbai();
    let m7g = catalog.terms(id(&catalog, &symbols, "m7g.large"));
    let seen = m7g.spot_price(1);
    assert_eq!(seen, Some((Price(30_300_000), SpotPriceSource::Observed)));
    let c7g = catalog.terms(id(&catalog, &symbols, "c7g.large"));
    let (derived, source) = c7g.spot_price(1).unwrap();
    let savings = f64::from(c7g.spot.as_ref().unwrap().savings_percent) / 100.0;
    let centre = 49_100_000.0 * (1.0 - savings);
    assert_eq!(source, SpotPriceSource::Advisor);
    assert!((derived.0 as f64 / centre - 1.0).abs() <= 0.05);
}

#[test]
fn labels_are_karpenters() {
    let (catalog, mut symbols) = mumbai();
    let g5 = catalog.get(id(&catalog, &symbols, "g5.xlarge"));
    for (key, value) in [
        (key::INSTANCE_TYPE, "g5.xlarge"),
        (key::ARCH, "amd64"),
        (key::OS, "linux"),
        (key::REGION, "ap-south-1"),
        (key::INSTANCE_CATEGORY, "g"),
        (key::INSTANCE_FAMILY, "g5"),
        (key::INSTANCE_GENERATION, "5"),
        (key::INSTANCE_SIZE, "xlarge"),
        (key::INSTANCE_CPU, "4"),
        (key::INSTANCE_MEMORY, "16384"),
        (key::INSTANCE_HYPERVISOR, "nitro"),
        (key::INSTANCE_GPU_NAME, "a10g"),
        (key::INSTANCE_GPU_COUNT, "1"),
        (key::INSTANCE_LOCAL_NVME, "250"),
        (key::INSTANCE_CAPABILITY_FLEX, "false"),
    ] {
        let value = symbols.intern(value);
        assert_eq!(
            g5.requirements.get(key),
            Some(&Requirement::of(vec![value]))
        );
    }
    let absent = g5.requirements.get(key::INSTANCE_ACCELERATOR_NAME);
    assert_eq!(absent, Some(&Requirement::none()));
}

#[test]
fn a_node_class_closes_zones_and_families() {
    let (catalog, symbols) = mumbai();
    let zone = catalog.zones[0].id;
    let seen = catalog.under(&NodeClassParams {
        zones: Some(vec![zone]),
        ..NodeClassParams::default()
    });
    let m7g = &seen[id(&catalog, &symbols, "m7g.large").index()];
    assert_eq!(
        m7g.requirements.get(key::ZONE),
        Some(&Requirement::of(vec![zone]))
    );
    assert!(
        m7g.offerings
            .iter()
            .all(|o| o.available == (o.zone == zone))
    );
    let a1 = id(&catalog, &symbols, "a1.large");
    let none_boot = catalog.under(&NodeClassParams::default());
    assert!(none_boot[a1.index()].offerings.iter().all(|o| !o.available));
    let al2 = catalog.under(&NodeClassParams {
        ami_family: AmiFamily::Al2,
        ..NodeClassParams::default()
    });
    assert!(al2[a1.index()].offerings.iter().all(|o| o.available));
}
