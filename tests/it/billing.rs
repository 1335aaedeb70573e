//! Money adds up: whatever the price does and wherever a quantity is split, an amount is the integral of the price, rounded once.

use karpsim::cloud::billing::{PricePath, Usage};
use karpsim::cloud::prices::{Item, PriceList, Quality};
use karpsim::cloud::{CapacityType, NanoUsd, Price};
use karpsim::des::{SimDuration, SimTime};
use proptest::prelude::*;

const HOUR_MICROS: i128 = 3_600_000_000;
const DAY_MICROS: u64 = 86_400_000_000;

/// A price that changes up to six times within two days.
fn price_paths() -> impl Strategy<Value = PricePath> {
    let changes = prop::collection::btree_map(0..2 * DAY_MICROS, 0..10_u64.pow(11), 0..6);
    (0..10_u64.pow(11), changes).prop_map(|(initial, changes)| PricePath {
        initial: Price(initial),
        changes: changes
            .into_iter()
            .map(|(at, price)| (SimTime::from_micros(at), Price(price)))
            .collect(),
    })
}

/// The price at an instant, by looking at every change.
fn price_at(path: &PricePath, at: SimTime) -> Price {
    let begun = path.changes.iter().rev().find(|(change, _)| *change <= at);
    begun.map_or(path.initial, |(_, price)| *price)
}

proptest! {
    #[test]
    fn an_integral_is_the_sum_of_its_parts(
        path in price_paths(),
        mut cuts in prop::collection::vec(0..2 * DAY_MICROS, 2..6),
    ) {
        cuts.sort_unstable();
        let cuts: Vec<SimTime> = cuts.into_iter().map(SimTime::from_micros).collect();
        let parts: u128 = cuts.windows(2).map(|cut| path.integral(cut[0], cut[1])).sum();
        prop_assert_eq!(parts, path.integral(cuts[0], cuts[cuts.len() - 1]));
    }

    #[test]
    fn an_instant_costs_the_price_of_the_instant(path in price_paths(), at in 0..2 * DAY_MICROS) {
        let at = SimTime::from_micros(at);
        let instant = path.integral(at, at + SimDuration::from_micros(1));
        prop_assert_eq!(instant, u128::from(price_at(&path, at).0));
    }

    #[test]
    fn a_line_is_the_integral_over_the_billed_seconds(
        path in price_paths(),
        from in 0..DAY_MICROS,
        ran in 0..DAY_MICROS,
        spot in any::<bool>(),
        reclaimed in any::<bool>(),
    ) {
        let from = SimTime::from_micros(from);
        let capacity_type = if spot { CapacityType::Spot } else { CapacityType::OnDemand };
        let usage = Usage { from, until: from + SimDuration::from_micros(ran), capacity_type, reclaimed };
        let billed = usage.billed();
        let line = usage.line("m7g.large".into(), &path, Quality::Cited);
        let exact = path.integral(from, from + billed) as i128;
        prop_assert!((line.amount.0 * HOUR_MICROS - exact).abs() * 2 <= HOUR_MICROS);
        prop_assert_eq!(billed.as_micros() % 1_000_000, 0);
        prop_assert!(billed == SimDuration::ZERO || billed.as_micros() >= ran.max(60_000_000));
    }

    #[test]
    fn a_month_costs_the_same_however_it_is_cut(
        quantity in 0..1_u128 << 50,
        percent in 0..=100_u128,
    ) {
        let first = quantity * percent / 100;
        for tariff in PriceList::of("ap-south-1").iter() {
            let whole = tariff.charge(quantity, 0);
            let parts = [tariff.charge(first, 0), tariff.charge(quantity - first, first)].concat();
            let sum = |lines: &[karpsim::cloud::billing::BillLine]| -> NanoUsd {
                lines.iter().map(|line| line.amount).sum()
            };
            let roundings = (whole.len() + parts.len()) as i128;
            prop_assert!((sum(&whole) - sum(&parts)).0.abs() * 2 <= roundings);
            prop_assert_eq!(whole.iter().map(|line| line.quantity).sum::<u128>(), quantity);
        }
    }

    #[test]
    fn egress_never_gets_dearer_by_the_gigabyte(gigabytes in 1..200_000_u128) {
        let prices = PriceList::of("us-east-1");
        let lines = prices.tariff(Item::InternetEgress).charge(gigabytes << 30, 0);
        let charged = lines.iter().map(|line| line.unit_price).skip_while(|&price| price == NanoUsd::ZERO);
        prop_assert!(charged.is_sorted_by(|dear, cheap| dear >= cheap));
    }
}
