//! The tariffs are whole, and tiers fill in order.

use super::*;
use crate::cloud::Catalog;

#[test]
fn every_region_prices_every_item_in_ascending_tiers() {
    for region in Catalog::regions() {
        let prices = PriceList::of(region);
        assert_eq!(prices.iter().count(), 20, "{region}");
        for tariff in prices.iter() {
            let ends: Vec<u128> = tariff
                .tiers
                .iter()
                .map(|tier| tier.up_to.unwrap_or(u128::MAX))
                .collect();
            assert!(
                ends.is_sorted() && ends.last() == Some(&u128::MAX),
                "{tariff:?}"
            );
            assert!(tariff.tiers.last().unwrap().price > NanoUsd::ZERO);
        }
    }
}

#[test]
fn mumbais_prices_are_those_of_the_bills() {
    let prices = PriceList::of("ap-south-1");
    for (item, usd, quality) in [
        (Item::NatGateway, "0.056", Quality::Cited),
        (Item::Alb, "0.0239", Quality::Cited),
        (Item::AlbLcu, "0.008", Quality::Weak),
        (Item::Gp3Storage, "0.0912", Quality::Cited),
        (Item::Gp3Iops, "0.0057", Quality::Uncited),
        (Item::ControlPlaneStandard, "0.10", Quality::Cited),
    ] {
        let tariff = prices.tariff(item);
        assert_eq!(
            tariff.tiers[0].price,
            NanoUsd::parse(usd).unwrap(),
            "{item:?}"
        );
        assert_eq!(tariff.quality, quality, "{item:?}");
    }
}

#[test]
fn tiers_fill_one_after_the_other() {
    let prices = PriceList::of("ap-south-1");
    let egress = prices.tariff(Item::InternetEgress);
    let gb = |n: u128| n * GB;
    let lines = egress.charge(gb(20_000), 0);
    let quantities: Vec<u128> = lines.iter().map(|line| line.quantity / GB).collect();
    assert_eq!(quantities, [100, 10_140, 9_760]);
    let total: NanoUsd = lines.iter().map(|line| line.amount).sum();
    // 10,140 x 0.1093 + 9,760 x 0.085
    assert_eq!(total, NanoUsd::parse("1937.902").unwrap());
    let split: NanoUsd = [
        egress.charge(gb(7_000), 0),
        egress.charge(gb(13_000), gb(7_000)),
    ]
    .concat()
    .iter()
    .map(|line| line.amount)
    .sum();
    assert_eq!(split, total);
    assert_eq!(egress.charge(0, gb(5)), []);
}

#[test]
fn a_free_tier_costs_nothing() {
    let prices = PriceList::of("ap-south-1");
    let sqs = prices.tariff(Item::SqsStandard);
    let amount = |requests| -> NanoUsd { sqs.charge(requests, 0).iter().map(|l| l.amount).sum() };
    assert_eq!(amount(1_000_000), NanoUsd::ZERO);
    assert_eq!(amount(3_500_000), NanoUsd::parse("1").unwrap());
}
