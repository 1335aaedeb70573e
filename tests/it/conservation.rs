//! Does anything get lost? Random towns on spot, Karpenter, KEDA, an HPA and disruption budgets: requests, messages, journeys, time, CPU,
//! pods and money all add up.
//!
//! Citizens come during the last forty minutes of office hours, and the run ends hours later: every visit has ended by then.

use karpsim::cloud::InstanceTypeId;
use karpsim::metrics::RunResult;
use karpsim::metrics::attribution::Part;
use karpsim::metrics::result::{NodeRecord, QueueResult, ServiceResult};
use karpsim::scenario::Scenario;
use karpsim::sim;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::lab::scenario;
use crate::town::{Town, a_busy_town, a_town};

type Checked = Result<(), TestCaseError>;

/// What a call in a town waits for databases, in microseconds.
const CALL_WAIT_US: u64 = 20_000;
/// Seconds of an hour.
const HOUR: i128 = 3_600;

/// Citizens who visit, calls and messages all end in exactly one way.
fn everybody_ends_once(run: &RunResult) -> Checked {
    let begun: u64 = run.journeys.iter().map(|journey| journey.begun).sum();
    prop_assert_eq!(begun, run.arrivals);
    for journey in &run.journeys {
        prop_assert_eq!(journey.completed + journey.failed, journey.begun);
        prop_assert_eq!(journey.latency.count, journey.completed);
    }
    // Workers that still have messages call the API when one is done; nobody else calls any more.
    let quiet = run.queues.iter().all(|queue| queue.remaining == 0);
    let mut requests = 0;
    for service in &run.services {
        requests += service.outcomes.ended() + service.outcomes.in_flight;
        let queue = run.queues.iter().find(|queue| queue.name == service.name);
        match queue {
            Some(queue) => every_message_has_one_place(queue, service)?,
            None => prop_assert!(!quiet || service.outcomes.in_flight == 0),
        }
    }
    prop_assert_eq!(requests, run.requests);
    Ok(())
}

/// The queue and the service that consumes it agree.
fn every_message_has_one_place(queue: &QueueResult, service: &ServiceResult) -> Checked {
    prop_assert_eq!(
        queue.sent,
        queue.completed + queue.dead + queue.expired + queue.remaining
    );
    prop_assert_eq!(service.outcomes.succeeded, queue.completed);
    prop_assert_eq!(service.outcomes.dead, queue.dead);
    prop_assert_eq!(service.outcomes.in_flight, queue.remaining);
    prop_assert_eq!(queue.age.count, queue.completed);
    Ok(())
}

/// The parts of latency add up to latency, as far as a histogram of three digits can tell.
fn time_goes_somewhere(service: &ServiceResult) -> Checked {
    let latency = service.latency;
    prop_assert_eq!(latency.count, service.outcomes.succeeded);
    prop_assert_eq!(service.attribution.bands[0].count, latency.count);
    let parts: u64 = service.attribution.total_us.iter().sum();
    let whole = latency.mean_us * latency.count;
    prop_assert!(parts.abs_diff(whole) <= whole / 1_000 + latency.count);
    Ok(())
}

/// Every line is in one layer, every layer in the total, and compute is split among services and nobody.
fn money_adds_up(run: &RunResult) -> Checked {
    let cost = &run.cost;
    let lines: i128 = cost.lines.iter().map(|line| line.amount_nano_usd).sum();
    let layers: i128 = cost.layers.iter().map(|(_, amount)| amount).sum();
    prop_assert_eq!(lines, cost.total_nano_usd);
    prop_assert_eq!(layers, cost.total_nano_usd);
    let nodes: i128 = run.nodes.iter().map(|node| node.cost_nano_usd).sum();
    let services: i128 = cost.services.iter().map(|(_, amount)| amount).sum();
    prop_assert!(services >= 0 && cost.idle_nano_usd >= 0);
    prop_assert!(services + cost.idle_nano_usd <= nodes);
    let instances = cost
        .lines
        .iter()
        .filter(|line| line.unit == "instance-hours");
    prop_assert_eq!(
        instances.map(|line| line.amount_nano_usd).sum::<i128>(),
        nodes
    );
    Ok(())
}

/// A node is wished for, launched, ready and gone in that order, and its bill is price times time.
fn a_node_lives_and_pays(scenario: &Scenario, node: &NodeRecord) -> Checked {
    let end = scenario.duration.as_micros();
    prop_assert!(node.created_us <= node.launched_us, "{:?}", node);
    let ended = node.ended_us.unwrap_or(end);
    prop_assert!(node.launched_us <= ended && ended <= end, "{:?}", node);
    if let Some(ready) = node.ready_us {
        prop_assert!((node.launched_us..=ended).contains(&ready), "{:?}", node);
    }
    prop_assert!((0.0..=1.0).contains(&node.cpu_requested), "{:?}", node);
    let billed = (ended - node.launched_us).div_ceil(1_000_000).max(60);
    let list = on_demand_price(scenario, node);
    if node.capacity_type == "spot" {
        prop_assert!(node.billed_seconds == billed || node.billed_seconds == 0);
        let most = list * i128::from(node.billed_seconds) / HOUR + 1;
        prop_assert!((0..=most).contains(&node.cost_nano_usd), "{:?}", node);
    } else {
        prop_assert_eq!(node.billed_seconds, billed);
        let exact = list * i128::from(billed);
        prop_assert!(
            (node.cost_nano_usd * HOUR - exact).abs() <= HOUR,
            "{:?}",
            node
        );
    }
    Ok(())
}

/// The type of a node that was launched.
fn type_of(scenario: &Scenario, node: &NodeRecord) -> InstanceTypeId {
    let symbol = scenario.symbols.get(&node.instance_type);
    let id = symbol.and_then(|symbol| scenario.catalog.id_of(symbol));
    id.expect("a type of the catalogue")
}

/// Nano-dollars per hour, as the catalogue says.
fn on_demand_price(scenario: &Scenario, node: &NodeRecord) -> i128 {
    let zone = scenario.symbols.get(&node.zone).expect("a known zone");
    let mut offerings = scenario
        .catalog
        .get(type_of(scenario, node))
        .offerings
        .iter();
    let offering = offerings
        .find(|offering| offering.zone == zone && offering.capacity_type.label() == "on-demand");
    i128::from(offering.expect("every type is sold on demand").price.0)
}

/// What a series shows bucket by bucket is what the totals say.
fn series_add_up(run: &RunResult) -> Checked {
    let series = &run.series;
    for (service, series) in run.services.iter().zip(&series.services) {
        let outcomes = service.outcomes;
        prop_assert_eq!(series.ended.iter().sum::<u64>(), outcomes.ended());
        prop_assert_eq!(series.failed.iter().sum::<u64>(), outcomes.failed());
        let of_service = run.starvation.requests.iter();
        let of_service = of_service.filter(|row| row.service == service.name);
        let starved: u64 = of_service.map(|row| row.requests).sum();
        prop_assert_eq!(series.starved.iter().sum::<u64>(), starved);
    }
    for ((layer, spent), (name, amount)) in series.cost.iter().zip(&run.cost.layers) {
        prop_assert_eq!(layer, name);
        let spent: i128 = spent.iter().map(|&spent| i128::from(spent)).sum();
        prop_assert_eq!(spent, *amount, "{}", layer);
    }
    // The month is the total's, without tax, as the total is.
    let hours = run.provenance.duration_us as f64 / 3.6e9;
    let month = run.cost.month_nano_usd as f64 * hours / 730.0;
    let total = run.cost.total_nano_usd as f64;
    prop_assert!(
        (month - total).abs() <= 1e-6 * total.max(1.0),
        "{month} of {total}"
    );
    let missed: f64 = run.starvation.cpu.iter().map(|row| row.core_seconds).sum();
    let by_bucket: f64 = series.cpu_missed.iter().sum();
    prop_assert!((missed - by_bucket).abs() <= 1e-6 * missed.max(1.0));
    for (queue, (_, visible)) in run.queues.iter().zip(&series.queues) {
        prop_assert!(visible.last().is_some_and(|&last| last <= queue.remaining));
    }
    let buckets = run.provenance.duration_us.div_ceil(series.bucket_us);
    prop_assert_eq!(series.starving.len() as u64, buckets);
    Ok(())
}

/// Every second of CPU that a service used is one that its requests asked for: of those that were answered, and, where some were not, of
/// the others too. All services together had no more than the nodes.
fn cpu_goes_somewhere(scenario: &Scenario, run: &RunResult) -> Checked {
    let once = run.queues.iter().all(|queue| queue.redelivered == 0);
    for (service, row) in run.services.iter().zip(&scenario.services) {
        let answered = service.outcomes.succeeded;
        let served: u64 = service.attribution.total_us[Part::Service as usize];
        let waits = answered
            * if row.ingress.is_some() {
                CALL_WAIT_US
            } else {
                0
            };
        let asked = (served - waits) as f64 / 1e6;
        let used = service.cpu_core_seconds;
        // Each request is rounded to the microsecond.
        let rounding = (answered + 1) as f64 * 2e-6;
        prop_assert!(used + rounding >= asked, "{}: {used} {asked}", row.name);
        let all_answered = service.outcomes.failed() == 0 && service.outcomes.in_flight == 0;
        if once && all_answered {
            prop_assert!(used - asked <= rounding, "{}: {used} {asked}", row.name);
        }
    }
    let used: f64 = run.services.iter().map(|row| row.cpu_core_seconds).sum();
    let end = scenario.duration.as_micros();
    let had: f64 = run
        .nodes
        .iter()
        .map(|node| {
            let life = node.ended_us.unwrap_or(end) - node.launched_us;
            f64::from(scenario.catalog.facts(type_of(scenario, node)).vcpu) * life as f64 / 1e6
        })
        .sum();
    prop_assert!(used <= had, "{used} of {had}");
    Ok(())
}

/// Every pod that was bound was bound to a node that kept count of it.
fn every_pod_had_a_node(run: &RunResult) -> Checked {
    let pods: u64 = run.nodes.iter().map(|node| node.pods).sum();
    prop_assert_eq!(pods, run.churn.pods_scheduled);
    let lost = run.churn.pods_evicted + run.churn.pods_lost + run.churn.pods_preempted;
    prop_assert!(lost <= pods);
    Ok(())
}

fn conserves(town: &Town) -> Checked {
    let scenario = scenario(&town.yaml());
    let run = sim::run(&scenario, town.seed, |_| {});
    prop_assert_eq!(&run.provenance.stopped_early, &None);
    everybody_ends_once(&run)?;
    for service in &run.services {
        time_goes_somewhere(service)?;
    }
    money_adds_up(&run)?;
    for node in &run.nodes {
        a_node_lives_and_pays(&scenario, node)?;
    }
    cpu_goes_somewhere(&scenario, &run)?;
    every_pod_had_a_node(&run)?;
    series_add_up(&run)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_gets_lost(town in a_town()) {
        conserves(&town)?;
    }
}

/// Spot that EC2 takes back within the hour is free, spot that is given back on the notice is not (spec/kubernetes.md 7.6).
#[test]
fn only_what_ec2_itself_ends_within_the_hour_is_free() {
    let interrupted = |heard: bool| {
        let mut town = a_busy_town();
        town.pool.interruptions_heard = heard;
        let run = sim::run(&scenario(&town.yaml()), town.seed, |_| {});
        let nodes = run.nodes.into_iter();
        let young = nodes.filter(|node| {
            let ended = node.ended_us.unwrap_or(u64::MAX);
            node.end_reason == "spot interrupted" && ended - node.launched_us < 3_600_000_000
        });
        young.collect::<Vec<_>>()
    };
    let (unheard, heard) = (interrupted(false), interrupted(true));
    assert!(!unheard.is_empty());
    assert!(unheard.iter().all(|node| node.billed_seconds == 0));
    assert!(heard.iter().any(|node| node.billed_seconds > 0));
}

/// A run that ends while a machine is on its way knows nothing of a bill for it.
#[test]
fn a_machine_that_has_not_begun_to_run_costs_nothing() {
    let town = a_busy_town();
    let whole = sim::run(&scenario(&town.yaml()), town.seed, |_| {});
    let launched = whole.nodes.iter().filter(|node| node.launched_us > 0);
    let node = launched.min_by_key(|node| node.launched_us);
    let node = node.expect("a busy town launches machines");
    assert!(node.created_us < node.launched_us);
    let until = |micros: u64| {
        let town = Town {
            duration: format!("{micros}us"),
            ..town.clone()
        };
        sim::run(&scenario(&town.yaml()), town.seed, |_| {})
    };
    let before = until(node.launched_us - 1);
    assert!(before.nodes.iter().all(|other| other.name != node.name));
    let after = until(node.launched_us + 1);
    let record = after.nodes.iter().find(|other| other.name == node.name);
    assert_eq!(record.map(|record| record.billed_seconds), Some(60));
}
