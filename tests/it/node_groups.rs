//! Managed node groups face EC2 as it is, and come to new versions node by node (spec/kubernetes.md 4.4).

use karpsim::metrics::RunResult;
use karpsim::sim;

use crate::lab::{said, scenario};

/// A service of pods that take most of an m7g.large each.
struct Town<'t> {
    groups: &'t str,
    /// Beside the node groups in the cluster.
    cluster: &'t str,
    zones: &'t str,
    replicas: u32,
    /// Seconds of the preStop hook.
    sleep: u32,
    budget: &'t str,
    events: &'t str,
    market: &'t str,
    duration: &'t str,
}

impl Default for Town<'_> {
    fn default() -> Self {
        Self {
            groups: "",
            cluster: "",
            zones: "[aps1-az1, aps1-az2]",
            replicas: 4,
            sleep: 5,
            budget: "",
            events: "[]",
            market: "{}",
            duration: "1h",
        }
    }
}

impl Town<'_> {
    fn yaml(&self) -> String {
        let Self {
            groups,
            cluster,
            zones,
            replicas,
            sleep,
            budget,
            events,
            market,
            duration,
        } = self;
        format!(
            "apiVersion: karpsim/v1
name: groups
start: 2026-06-15T09:00:00+05:30[Asia/Kolkata]
duration: {duration}
region: ap-south-1
cluster:
  name: lab
  availabilityZones: {zones}
  nodeGroups:
{groups}{cluster}
services:
  - name: api
    namespace: citizen
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: api}}
        spec:
          replicas: {replicas}
          selector: {{matchLabels: {{app: api}}}}
          template:
            metadata: {{labels: {{app: api}}}}
            spec:
              terminationGracePeriodSeconds: 300
              containers:
                - {{name: api, image: api:1, lifecycle: {{preStop: {{sleep: {{seconds: {sleep}}}}}}}, resources: {{requests: {{cpu: 1500m, memory: 1Gi}}}}}}
{budget}events: {events}
market: {market}
traffic:
  background: [{{name: citizens, rate: 1/s, journey: visit}}]
  journeys:
    visit: [{{call: {{service: api, cpu: 5ms, timeout: 2s}}}}]
"
        )
    }

    fn run(&self) -> RunResult {
        sim::run(&scenario(&self.yaml()), 5, |_| {})
    }
}

/// A spot group that is preferred, for its nodes are the smaller, and one on demand.
const BOTH: &str =
    "    - {nodeGroupName: spot, capacityType: SPOT, instanceTypes: [m7g.large], scalingConfig: {minSize: 0, desiredSize: 0, maxSize: 8}}
    - {nodeGroupName: demand, instanceTypes: [m7g.xlarge], scalingConfig: {minSize: 0, desiredSize: 0, maxSize: 8}}
";
const AUTOSCALER: &str =
    "  clusterAutoscaler: {extraArgs: {expander: least-waste, scale-down-enabled: false}}";

#[test]
fn a_group_without_spot_capacity_fails_and_is_left_alone() {
    let town = Town {
        groups: BOTH,
        cluster: AUTOSCALER,
        ..Town::default()
    };
    let calm = town.run();
    assert!(calm.nodes.iter().all(|node| node.capacity_type == "spot"));
    let market = "{spot: {droughts: [{families: [m7g], from: 0s, for: 2h}]}}";
    let dry = Town { market, ..town }.run();
    assert!(dry.churn.insufficient_capacity >= 1);
    assert!(
        dry.nodes
            .iter()
            .all(|node| node.capacity_type == "on-demand")
    );
    assert_eq!(dry.nodes.len(), 2);
    // The launch fails 10 to 40 s after the size was set, Cluster Autoscaler sees it within a minute, and turns to the other group.
    let first = dry.nodes[0].created_us as f64 / 1e6;
    assert!((60.0..=180.0).contains(&first), "{first}");
}

#[test]
fn spot_that_is_to_go_is_replaced_at_once() {
    let groups = "    - {nodeGroupName: spot, capacityType: SPOT, instanceTypes: [m7g.large, m6g.large], \
                  scalingConfig: {minSize: 4, desiredSize: 4, maxSize: 4}}\n";
    let run = Town {
        groups,
        sleep: 200,
        duration: "8h",
        market: "{spot: {droughts: [{families: [m7g], zones: [aps1-az1], from: 2h, for: 1h}], interruptionScale: 0.001}}",
        ..Town::default()
    }
    .run();
    let gone: Vec<_> = run
        .nodes
        .iter()
        .filter(|node| node.end_reason == "spot interrupted")
        .collect();
    assert!(!gone.is_empty());
    for node in gone {
        // The notice comes two minutes before the end: its replacement is launched by then, and before the node is gone.
        let ended = node.ended_us.expect("it is gone");
        let replaced = run.nodes.iter().any(|other| {
            other.created_us > ended.saturating_sub(120_000_000) && other.created_us < ended
        });
        assert!(replaced, "{}", node.name);
    }
}

#[test]
fn zones_are_even_again_after_one_was_dark() {
    let groups = "    - {nodeGroupName: base, instanceTypes: [m7g.large], scalingConfig: {minSize: 4, desiredSize: 4, maxSize: 4}}\n";
    let run = Town {
        groups,
        duration: "2h",
        events: "[{at: 10m, zoneLoss: {zone: aps1-az2, for: 20m}}]",
        ..Town::default()
    }
    .run();
    let uneven: Vec<_> = run
        .nodes
        .iter()
        .filter(|node| node.end_reason == "zones uneven")
        .collect();
    assert_eq!(uneven.len(), 2);
    assert!(uneven.iter().all(|node| node.zone == "aps1-az1"));
    let last: Vec<&str> = run
        .nodes
        .iter()
        .filter(|node| node.ended_us.is_none())
        .map(|node| node.zone.as_str())
        .collect();
    let here = last.iter().filter(|zone| **zone == "aps1-az1").count();
    assert_eq!((here, last.len()), (2, 4));
}

fn updated(config: &str, budget: &str, force: bool) -> RunResult {
    let groups = format!(
        "    - {{nodeGroupName: base, instanceTypes: [m7g.large], scalingConfig: {{minSize: 4, desiredSize: 4, maxSize: 4}}{config}}}\n"
    );
    let events = format!("[{{at: 10m, nodeGroupUpdate: {{nodeGroupName: base, force: {force}}}}}]");
    Town {
        groups: &groups,
        events: &events,
        budget,
        duration: "4h",
        ..Town::default()
    }
    .run()
}

fn ended(run: &RunResult, reason: &str) -> Vec<u64> {
    let ended = run.nodes.iter().filter(|node| node.end_reason == reason);
    let mut ended: Vec<u64> = ended.filter_map(|node| node.ended_us).collect();
    ended.sort_unstable();
    ended
}

fn running(run: &RunResult) -> usize {
    let nodes = run.nodes.iter();
    nodes.filter(|node| node.ended_us.is_none()).count()
}

#[test]
fn an_update_surges_drains_one_by_one_and_returns_to_size() {
    let run = updated("", "", false);
    let gone = ended(&run, "node group updated");
    assert_eq!(gone.len(), 4);
    // Two for each of two zones come first, and nodes go one by one, a minute after they are empty.
    assert!(gone.windows(2).all(|pair| pair[1] - pair[0] >= 60_000_000));
    let first = gone[0];
    let surge = run
        .nodes
        .iter()
        .filter(|node| node.created_us > 0 && node.ready_us.is_some_and(|ready| ready < first));
    assert_eq!(surge.count(), 4);
    assert_eq!(ended(&run, "scaled in").len(), 4);
    assert_eq!(running(&run), 4);
    let most = run.series.nodes[0].1.iter().max();
    assert!(most <= Some(&8));

    let faster = updated(", updateConfig: {maxUnavailablePercentage: 50}", "", false);
    let together = ended(&faster, "node group updated");
    assert!(together[3] - together[0] < gone[3] - gone[0]);
    let minimal = updated(", updateConfig: {updateStrategy: MINIMAL}", "", false);
    assert_eq!(ended(&minimal, "node group updated").len(), 4);
    assert_eq!(minimal.series.nodes[0].1.iter().max(), Some(&4));
}

const NEVER: &str = "      - {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: api}, \
                     spec: {maxUnavailable: 0, selector: {matchLabels: {app: api}}}}\n";

#[test]
fn a_budget_that_lets_nobody_go_fails_an_update_unless_it_is_forced() {
    let stuck = updated("", NEVER, false);
    assert!(ended(&stuck, "node group updated").is_empty());
    assert_eq!(stuck.churn.pods_evicted, 0);
    let forced = updated("", NEVER, true);
    let gone = ended(&forced, "node group updated");
    assert_eq!(gone.len(), 4);
    assert!(gone.windows(2).all(|pair| pair[1] - pair[0] >= 900_000_000));
    assert!(forced.churn.pods_lost >= 4);
}

#[test]
fn mistakes_have_a_place() {
    let told = |config: &str, events: &str| {
        let groups = format!(
            "    - {{nodeGroupName: base, instanceTypes: [m7g.large], scalingConfig: {{minSize: 1, desiredSize: 4, maxSize: 4}}{config}}}\n"
        );
        said(
            &Town {
                groups: &groups,
                events,
                ..Town::default()
            }
            .yaml(),
        )
    };
    let both = ", updateConfig: {maxUnavailable: 1, maxUnavailablePercentage: 10}";
    assert!(told(both, "[]").contains("has maxUnavailable and maxUnavailablePercentage"));
    let much = ", updateConfig: {maxUnavailable: 101}";
    assert!(told(much, "[]").contains("expected 1 to 100"));
    let events = "[{at: 1m, nodeGroupUpdate: {nodeGroupName: bas}}]";
    let unknown = told("", events);
    assert!(unknown.contains("did you mean `base`?"), "{unknown}");
}
