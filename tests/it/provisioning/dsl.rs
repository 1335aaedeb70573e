//! Words of the provisioning tests: nodes, taints, and what a plan comes to.

use karpsim::api::taint::TolerationOperator;
use karpsim::api::{Effect, Operator, Resource, Resources, Symbol, Taint, Toleration, key};
use karpsim::cluster::TemplateId;
use karpsim::karpenter::provisioning::{ExistingNode, NewClaim, Plan};

pub(crate) use super::fake::{GIB, MIB, World, ZONES};

impl World {
    /// A template with the label `app=<app>`.
    pub(crate) fn app(&mut self, app: &str, cpu_millis: i64, memory_mib: i64) -> TemplateId {
        let id = self.template(cpu_millis, memory_mib);
        let label = (self.symbols.intern("app"), self.symbols.intern(app));
        self.at(id).labels = [label].into_iter().collect();
        id
    }

    /// A ready node with 4 vCPU, 8 GiB and 40 pods in a zone.
    pub(crate) fn node(&mut self, name: &str, zone: usize) -> &mut ExistingNode {
        let hostname = (key::HOSTNAME, self.symbols.intern(name));
        let zone = (key::ZONE, self.symbols.intern(ZONES[zone]));
        let size = Resources::cpu_memory(4000, 8 * GIB).with(Resource::Pods, 40);
        self.existing.push(ExistingNode {
            name: hostname.1,
            pool: None,
            joined: true,
            initialized: true,
            labels: [hostname, zone].into_iter().collect(),
            taints: Vec::new(),
            startup_taints: Vec::new(),
            capacity: size,
            allocatable: size,
            requested: Resources::ZERO,
            daemon_requested: Resources::ZERO,
            host_ports: Vec::new(),
            pods: Vec::new(),
            protected: false,
        });
        self.existing.last_mut().unwrap()
    }

    /// Pods of each zone, as the plan knows them: claims pinned to one zone, and existing nodes. In the order of [`ZONES`].
    pub(crate) fn skew(&self, plan: &Plan) -> [usize; 3] {
        let zones = ZONES.map(|zone| self.symbols.get(zone).unwrap());
        let in_claims = |zone| {
            plan.claims
                .iter()
                .filter(move |claim| pinned(claim, key::ZONE) == Some(zone))
        };
        let on_nodes = |zone| {
            let here = move |&&(node, _): &&(usize, u64)| {
                self.existing[node].labels.get(key::ZONE) == Some(zone)
            };
            plan.existing.iter().filter(here).count()
        };
        zones.map(|zone| {
            in_claims(zone).map(|claim| claim.pods.len()).sum::<usize>() + on_nodes(zone)
        })
    }
}

/// The value a claim is pinned to.
pub(crate) fn pinned(claim: &NewClaim, key: Symbol) -> Option<Symbol> {
    let requirement = claim.requirements.get(key)?;
    let one = requirement.operator() == Operator::In && requirement.values().len() == 1;
    one.then(|| requirement.values()[0])
}

/// Sorted copy, for vectors without order.
pub(crate) fn sorted<const N: usize>(mut counts: [usize; N]) -> [usize; N] {
    counts.sort_unstable();
    counts
}

/// A taint.
pub(crate) fn taint(key: &str, effect: Effect) -> Taint {
    Taint {
        key: key.into(),
        value: String::new(),
        effect,
    }
}

/// A toleration of one taint key.
pub(crate) fn bears(key: &str) -> Toleration {
    Toleration {
        key: key.into(),
        operator: TolerationOperator::Exists,
        ..Toleration::default()
    }
}
