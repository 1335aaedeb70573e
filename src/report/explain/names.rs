//! What are things called that the journal knows by number?

use crate::api::{Operator, Requirement, Requirements, Resource, Resources, Symbol, Taint};
use crate::cloud::{InstanceTypeId, Pool, Price};
use crate::cluster::PodTemplate;
use crate::des::SimTime;
use crate::karpenter::disruption::NodeId;
use crate::metrics::journal::{Journal, PodId};
use crate::scenario::model::{NodePoolModel, Scenario};

/// Values of a requirement that are shown; more are counted.
const VALUES: usize = 6;

/// The names of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) journal: &'a Journal,
    /// The instant that is told of: NodePools are quoted as they were then.
    pub(super) at: SimTime,
}

impl<'a> Names<'a> {
    /// `citizen/api-00012`.
    pub(super) fn pod(self, pod: PodId) -> String {
        format!("{}-{:05}", self.template(pod).name, pod.ordinal)
    }

    pub(super) fn template(self, pod: PodId) -> &'a PodTemplate {
        self.scenario.template(pod.template)
    }

    pub(super) fn node(self, node: NodeId) -> &'a str {
        &self.journal.nodes()[node.0 as usize].name
    }

    pub(super) fn node_list(self, nodes: &[NodeId]) -> String {
        let names: Vec<&str> = nodes.iter().map(|&node| self.node(node)).collect();
        names.join(", ")
    }

    pub(super) fn pool(self, place: usize) -> Option<&'a NodePoolModel> {
        self.scenario.pool_at(place, self.at)
    }

    pub(super) fn pool_of(self, node: NodeId) -> Option<&'a NodePoolModel> {
        self.pool(self.journal.nodes()[node.0 as usize].pool?)
    }

    pub(super) fn pool_name(self, place: Option<usize>) -> &'a str {
        place
            .and_then(|place| self.pool(place))
            .map_or("–", |pool| &pool.name)
    }

    pub(super) fn symbol(self, symbol: Symbol) -> String {
        self.scenario.text(symbol).into_owned()
    }

    pub(super) fn kind(self, kind: InstanceTypeId) -> &'a str {
        &self.scenario.catalog.facts(kind).instance_type
    }

    /// `c7g.large in ap-south-1a`.
    pub(super) fn offering(self, pool: Pool) -> String {
        format!(
            "{} in {}",
            self.kind(pool.instance_type),
            self.symbol(pool.zone)
        )
    }

    /// Names of the PodDisruptionBudgets that cover a pod.
    pub(super) fn pdbs(self, pod: PodId) -> String {
        let covering = self
            .scenario
            .pdbs
            .iter()
            .filter(|pdb| pdb.templates.contains(&pod.template));
        let names: Vec<&str> = covering.map(|pdb| pdb.name.as_str()).collect();
        names.join(", ")
    }

    /// `In [arm64, amd64]`.
    pub(super) fn requirement(self, set: &Requirement) -> String {
        let values: Vec<String> = set
            .values()
            .iter()
            .take(VALUES)
            .map(|&value| self.symbol(value))
            .collect();
        let more = set.values().len().saturating_sub(VALUES);
        let more = if more > 0 {
            format!(", and {more} more")
        } else {
            String::new()
        };
        let values = format!("[{}{more}]", values.join(", "));
        let (least, most) = set.bounds();
        let bounds: Vec<String> = [
            least.map(|n| format!("Gte {n}")),
            most.map(|n| format!("Lte {n}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        match set.operator() {
            Operator::In => format!("In {values}"),
            Operator::NotIn => format!("NotIn {values}"),
            Operator::DoesNotExist => "DoesNotExist".to_owned(),
            _ if bounds.is_empty() => "Exists".to_owned(),
            _ => bounds.join(" and "),
        }
    }

    /// What a claim must be, each requirement in its words, with long lists counted.
    pub(super) fn requirements(self, all: &Requirements) -> Vec<String> {
        let said = all
            .iter()
            .filter(|(key, _)| *key != crate::api::key::INSTANCE_TYPE);
        said.map(|(key, set)| format!("{} {}", self.symbol(key), self.requirement(set)))
            .collect()
    }
}

/// `$0.0412/h`.
pub(super) fn price(price: Price) -> String {
    let hundredths = (price.0 + 50_000) / 100_000;
    format!("${}.{:04}/h", hundredths / 10_000, hundredths % 10_000)
}

/// `dedicated=ai:NoSchedule`.
pub(super) fn taint(taint: &Taint) -> String {
    let value = if taint.value.is_empty() {
        String::new()
    } else {
        format!("={}", taint.value)
    };
    format!("{}{value}:{:?}", taint.key, taint.effect)
}

/// `cpu 1500m, memory 2Gi`.
pub(super) fn resources(resources: &Resources) -> String {
    let asked = resources
        .iter()
        .filter(|&(kind, amount)| amount != 0 && kind != Resource::Pods);
    let named: Vec<String> = asked
        .map(|(kind, amount)| format!("{} {}", kind.name(), kind.quantity(amount)))
        .collect();
    named.join(", ")
}
