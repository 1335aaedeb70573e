//! Minimums, free hours, moving prices, tiers and taxes against amounts worked out by hand.

use super::*;

const fn at(secs: u64) -> SimTime {
    SimTime::from_secs(secs)
}

fn usage(secs: u64, capacity_type: CapacityType, reclaimed: bool) -> Usage {
    Usage {
        from: at(1_000),
        until: at(1_000 + secs),
        capacity_type,
        reclaimed,
    }
}

fn amount(lines: &[BillLine]) -> NanoUsd {
    lines.iter().map(|line| line.amount).sum()
}

fn dollars(text: &str) -> NanoUsd {
    NanoUsd::parse(text).unwrap()
}

#[test]
fn a_minute_is_the_least_and_begun_seconds_count() {
    use CapacityType::OnDemand;
    assert_eq!(
        usage(0, OnDemand, false).billed(),
        SimDuration::from_secs(60)
    );
    assert_eq!(
        usage(59, OnDemand, false).billed(),
        SimDuration::from_secs(60)
    );
    assert_eq!(
        usage(61, OnDemand, false).billed(),
        SimDuration::from_secs(61)
    );
    let begun = Usage {
        until: SimTime::from_micros(1_061_000_001),
        ..usage(61, OnDemand, false)
    };
    assert_eq!(begun.billed(), SimDuration::from_secs(62));
}

#[test]
fn spot_reclaimed_in_the_first_hour_is_free() {
    use CapacityType::{OnDemand, Spot};
    for (usage, billed) in [
        (usage(3_599, Spot, true), 0),
        (usage(3_600, Spot, true), 3_600),
        (usage(3_599, Spot, false), 3_599),
        (usage(3_599, OnDemand, true), 3_599),
        (usage(5, Spot, false), 60),
    ] {
        assert_eq!(usage.billed(), SimDuration::from_secs(billed), "{usage:?}");
    }
    let price = PricePath::constant(Price(1_000_000_000));
    let free = usage(10, Spot, true).line("m7g.large".into(), &price, Quality::Cited);
    assert_eq!(
        (free.amount, free.quantity, free.unit_price),
        (NanoUsd::ZERO, 0, NanoUsd::ZERO)
    );
}

#[test]
fn a_moving_price_is_integrated() {
    let path = PricePath {
        initial: Price(36_000_000),
        changes: vec![
            (at(500), Price(36_000_000)),
            (at(1_600), Price(72_000_000)),
            (at(9_000), Price(1)),
        ],
    };
    let line = usage(1_200, CapacityType::Spot, false).line("pool".into(), &path, Quality::Weak);
    // Ten minutes at 0.036 and ten at 0.072 dollars an hour.
    assert_eq!(line.amount, dollars("0.018"));
    assert_eq!(line.unit_price, dollars("0.054"));
    assert_eq!(line.quantity, 1_200_000_000);
}

#[test]
fn an_amount_is_within_a_nano_of_the_integral() {
    for secs in [60, 61, 777, 3_601, 86_399] {
        for nanos in [1, 7, 58_300_000, 21_957_642_001] {
            let usage = usage(secs, CapacityType::OnDemand, false);
            let line = usage.line(
                "x".into(),
                &PricePath::constant(Price(nanos)),
                Quality::Cited,
            );
            let exact = nanos as i128 * i128::from(secs);
            let twice_off = (line.amount.0 * 3_600 - exact).abs() * 2;
            assert!(twice_off <= 3_600, "{nanos} for {secs} s");
        }
    }
}

#[test]
fn volumes_pay_for_size_and_for_performance_beyond_the_included() {
    let prices = PriceList::of("us-east-1");
    let month = SimDuration::from_secs(730 * 3_600);
    let plain = Gp3Volume::plain(20 << 30, month);
    assert_eq!(amount(&plain.lines(&prices)), dollars("1.6"));
    let fast = Gp3Volume {
        iops: 4_000,
        throughput_mib: 250,
        ..plain
    };
    // 1.6 + 1,000 x 0.005 + 125 x 0.04
    assert_eq!(amount(&fast.lines(&prices)), dollars("11.6"));
    assert_eq!(fast.lines(&prices).len(), 3);
    let instant = Gp3Volume {
        provisioned: SimDuration::ZERO,
        ..plain
    };
    let minute = Gp3Volume {
        provisioned: SimDuration::from_secs(60),
        ..plain
    };
    assert_eq!(instant.lines(&prices), minute.lines(&prices));
}

#[test]
fn gateways_and_balancers_pay_for_begun_hours() {
    let prices = PriceList::of("ap-south-1");
    let present = SimDuration::from_secs(3_601);
    assert_eq!(
        amount(&hourly(&prices, Item::NatGateway, present)),
        dollars("0.112")
    );
    assert_eq!(
        amount(&hourly(&prices, Item::Alb, present)),
        dollars("0.0478")
    );
    let control_plane = hourly(
        &prices,
        Item::ControlPlaneStandard,
        SimDuration::from_secs(5_400),
    );
    assert_eq!(amount(&control_plane), dollars("0.15"));
}

#[test]
fn capacity_units_are_the_largest_of_four() {
    let hour = LoadBalancerHour {
        new_connections: 90_000,
        connection_micros: 1_500 * HOUR,
        bytes: 3 << 29,
        rule_evaluations: 0,
    };
    assert_eq!(hour.lcu_millionths(), 1_500_000);
    assert_eq!(
        LoadBalancerHour { bytes: 0, ..hour }.lcu_millionths(),
        1_000_000
    );
    let rules = LoadBalancerHour {
        rule_evaluations: 7_200_000,
        ..hour
    };
    assert_eq!(rules.lcu_millionths(), 2_000_000);
    let prices = PriceList::of("ap-south-1");
    let lines = prices
        .tariff(Item::AlbLcu)
        .charge(rules.lcu_millionths(), 0);
    assert_eq!(amount(&lines), dollars("0.016"));
}

#[test]
fn queue_calls_are_counted_in_chunks() {
    let sizes = [(0, 1), (1, 1), (65_536, 1), (65_537, 2), (262_144, 4)];
    for (bytes, requests) in sizes {
        assert_eq!(sqs_requests(bytes), requests, "{bytes}");
    }
}

#[test]
fn tax_is_one_line_on_all_before_it() {
    let prices = PriceList::of("ap-south-1");
    let mut bill = Bill {
        lines: hourly(
            &prices,
            Item::ControlPlaneStandard,
            SimDuration::from_secs(36_000),
        ),
    };
    bill.add_tax("GST", crate::cloud::prices::GST_PPM);
    assert_eq!(bill.layer(Layer::ControlPlane), dollars("1"));
    assert_eq!(bill.layer(Layer::Tax), dollars("0.18"));
    assert_eq!(bill.total(), dollars("1.18"));
}
