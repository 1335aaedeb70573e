//! Disruption: a cluster and a clock, and the commands that upstream's specs say are started.

mod expectation;

use karpsim::des::{SimDuration, SimTime};
use karpsim::karpenter::disruption::{
    Act, ClusterState, Command, Controller, Finding, Method, NodeId, standings,
};
use karpsim::scenario::diagnostic::Diagnostics;
use karpsim::scenario::merge::merge;
use karpsim::scenario::source::Sources;
use karpsim::scenario::tree::{Node, parse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::replay;
use crate::cluster::{At, Cluster, NOW};
use expectation::Expectation;

pub(super) const KIND: &str = "disruption";

/// Draws of what upstream leaves to chance that every case is played in.
const DRAWS: u64 = 4;

/// A cluster, and what its disruption loop does one look after another.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "says", default)]
    _says: String,
    /// What the clusters of a file have in common.
    base: Value,
    /// Laid over it as overlays of a scenario are: lists with names merge.
    #[serde(default)]
    cluster: Value,
    /// Several clusters of which the same is said, each laid over the one above.
    #[serde(default)]
    each: Vec<Value>,
    /// Played once for each of these ways to buy, with the offerings bought that way alone.
    #[serde(default)]
    bought: Vec<String>,
    /// The only method the loop tries.
    #[serde(default)]
    only: Option<MethodName>,
    looks: Vec<Look>,
}

/// A look at the cluster, with the validation of what it proposes, and what comes of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Look {
    /// Seconds that pass before.
    #[serde(default)]
    after: u64,
    /// What changes before.
    #[serde(default)]
    change: Value,
    /// Whether Karpenter hears of the change: then methods that had nothing to do look again.
    #[serde(default)]
    heard: bool,
    /// What changes while the first proposal waits for its validation.
    #[serde(default)]
    during: Value,
    #[serde(flatten)]
    expect: Expectation,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
enum MethodName {
    Emptiness,
    StaticDrift,
    Drift,
    MultiNode,
    SingleNode,
}

impl MethodName {
    fn method(self) -> Method {
        match self {
            Self::Emptiness => Method::Emptiness,
            Self::StaticDrift => Method::StaticDrift,
            Self::Drift => Method::Drift,
            Self::MultiNode => Method::MultiNode,
            Self::SingleNode => Method::SingleNode,
        }
    }
}

/// What a look came to.
struct Seen {
    cluster: Cluster,
    started: Vec<Command>,
    findings: Vec<Finding>,
    /// How every node stands with consolidation at the end.
    standings: Vec<(NodeId, String)>,
    /// Seconds from the look to the start, or to the decision to do nothing.
    took: u64,
}

/// A disruption loop over a cluster that changes.
struct Play {
    spec: Value,
    draw: u64,
    controller: Controller,
    state: ClusterState,
    now: SimTime,
}

impl Play {
    fn new(spec: Value, only: Option<MethodName>, draw: u64) -> Self {
        Self {
            spec: numbered(spec),
            draw,
            controller: only.map_or_else(Controller::default, |m| Controller::only(m.method())),
            state: ClusterState::new(NOW),
            now: NOW,
        }
    }

    fn look(&mut self, look: &Look) -> Seen {
        self.now += SimDuration::from_secs(look.after);
        self.spec = overlaid(&self.spec, &look.change);
        if look.heard {
            self.state.mark(self.now);
        }
        let (began, mut during, mut findings) = (self.now, Some(&look.during), Vec::new());
        loop {
            let spec = serde_json::from_value(self.spec.clone()).expect("a cluster");
            let cluster = Cluster::new(spec);
            let pools = cluster.pools();
            let view = cluster.view(&pools, self.now, self.draw);
            let mut what_if = At {
                cluster: &cluster,
                now: self.now,
            };
            let step = self.controller.wake(&view, &mut self.state, &mut what_if);
            let blocked = standings(&view).into_iter();
            let blocked = blocked.map(|s| (s.node, format!("{:?}", s.blocked)));
            let standings = blocked.collect();
            findings.extend(step.findings);
            let started = match step.act {
                Act::Wait => {
                    self.now = step.wake;
                    let change = during.take().unwrap_or(&Value::Null);
                    self.spec = overlaid(&self.spec, change);
                    continue;
                }
                Act::Nothing => Vec::new(),
                Act::Start(commands) => commands,
            };
            let took = (self.now - began).as_micros() / 1_000_000;
            drop(pools);
            self.mark(&cluster, &started);
            return Seen {
                cluster,
                started,
                findings,
                standings,
                took,
            };
        }
    }

    /// The candidates of started commands are in the queue and marked for deletion from now on.
    fn mark(&mut self, cluster: &Cluster, started: &[Command]) {
        let marked = started.iter().flat_map(|command| &command.candidates);
        let marked = marked.map(|&NodeId(place)| {
            let name = &cluster.spec.nodes[place as usize].name;
            json!({"name": name, "queued": true, "deleting": true})
        });
        let nodes: Vec<Value> = marked.collect();
        if !nodes.is_empty() {
            self.spec = overlaid(&self.spec, &json!({"nodes": nodes}));
        }
    }
}

/// The cluster with no offerings but those bought this way, which is what its pools ask for.
fn bought(cluster: &Value, buy: &str) -> Value {
    let mut cluster = cluster.clone();
    for kind in cluster["types"].as_array_mut().expect("a list of types") {
        let offerings = kind["offerings"].as_array_mut();
        offerings.expect("a list").retain(|o| o["buy"] == buy);
    }
    let asks = json!({"key": "karpenter.sh/capacity-type", "operator": "In", "values": [buy]});
    for pool in cluster["pools"].as_array_mut().expect("a list of pools") {
        match &mut pool["requirements"] {
            Value::Array(requirements) => requirements.push(asks.clone()),
            none => *none = json!([asks]),
        }
    }
    cluster
}

/// The cluster with every node that has a `count` as often as that says: `name-0` and so on.
fn numbered(mut spec: Value) -> Value {
    let nodes = spec["nodes"].take();
    let nodes: Vec<Value> = serde_json::from_value(nodes).expect("a list of nodes");
    let each = nodes.into_iter().flat_map(|mut node| {
        let fields = node.as_object_mut().expect("a map");
        let Some(count) = fields.remove("count") else {
            return vec![node];
        };
        let numbered = |n| {
            let mut node = node.clone();
            let name = node["name"].as_str().expect("a name");
            node["name"] = format!("{name}-{n}").into();
            node
        };
        let count = count.as_u64().expect("a number");
        (0..count).map(numbered).collect()
    });
    spec["nodes"] = each.collect();
    spec
}

fn tree(value: &Value) -> Node {
    let text = value.to_string();
    let file = Sources::default().add("cluster", text.as_str());
    let mut sink = Diagnostics::default();
    parse(file, &text, &mut sink).expect("JSON is YAML")
}

fn overlaid(base: &Value, overlay: &Value) -> Value {
    if overlay.is_null() {
        return base.clone();
    }
    let mut sink = Diagnostics::default();
    let merged = merge(tree(base), tree(overlay), &mut sink);
    assert!(sink.is_empty(), "{overlay} removes what is not there");
    serde_json::to_value(merged).expect("plain data")
}

/// What does not hold of a case.
fn verdict(case: &Case) -> String {
    let cluster = overlaid(&case.base, &case.cluster);
    let mut clusters: Vec<Value> = case.each.iter().map(|o| overlaid(&cluster, o)).collect();
    clusters.extend(case.bought.iter().map(|buy| bought(&cluster, buy)));
    if clusters.is_empty() {
        clusters.push(cluster);
    }
    let mut problems = String::new();
    for (place, spec) in clusters.into_iter().enumerate() {
        for draw in 0..DRAWS {
            let mut play = Play::new(spec.clone(), case.only, draw);
            for (number, look) in case.looks.iter().enumerate() {
                for problem in look.expect.against(&play.look(look)) {
                    problems +=
                        &format!("    cluster {place}, draw {draw}, look {number}: {problem}\n");
                }
            }
        }
    }
    problems
}

#[test]
fn nodes_go_as_upstream_says() {
    replay(KIND, |_, case: &Case| verdict(case));
}
