//! What will DaemonSets take of a node before any other pod does? (1.9, 1.10)

use super::bits::Bits;
use super::preferences::bears_prefer_no_schedule;
use super::problem::{ExistingNode, PoolTemplate, Problem};
use crate::api::taint::tolerated;
use crate::api::{Requirements, Resources, Symbols, Taint, Toleration};
use crate::cloud::InstanceType;
use crate::cluster::PodTemplate;
use crate::cluster::template::HostPort;

/// A DaemonSet's pod as the pass has come to see it.
#[derive(Clone, Debug)]
struct Daemon<'a> {
    pod: &'a PodTemplate,
    tolerations: Vec<Toleration>,
    /// Required node affinity terms dropped while testing types: they stay dropped for the rest of the pass, as upstream.
    dropped_terms: usize,
}

impl Daemon<'_> {
    fn bears(&self, taints: &[Taint]) -> bool {
        taints
            .iter()
            .all(|taint| tolerated(taint, &self.tolerations))
    }

    fn requirements(&self, symbols: &Symbols) -> Requirements {
        let mut requirements = self.pod.node_selector.clone();
        if let Some(term) = self.pod.required_node_terms.get(self.dropped_terms) {
            requirements.add_all(term, symbols);
        }
        requirements
    }

    /// Whether it runs on a type of a pool; terms that do not allow it are dropped until one does.
    fn runs_on(
        &mut self,
        pool: &Requirements,
        instance_type: &InstanceType,
        symbols: &Symbols,
    ) -> bool {
        loop {
            let wanted = self.requirements(symbols);
            if pool.incompatible(&wanted, true, symbols).is_none()
                && instance_type
                    .requirements
                    .conflict(&wanted, symbols)
                    .is_none()
            {
                return true;
            }
            if self.dropped_terms + 1 >= self.pod.required_node_terms.len() {
                return false;
            }
            self.dropped_terms += 1;
        }
    }
}

/// What the DaemonSet pods of a node take.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Overhead {
    /// Requests.
    pub(super) requests: Resources,
    /// Ports.
    pub(super) host_ports: Vec<HostPort>,
}

/// The DaemonSets of a pass.
#[derive(Clone, Debug)]
pub(super) struct Daemons<'a>(Vec<Daemon<'a>>);

impl<'a> Daemons<'a> {
    /// As they are before any type was tested.
    pub(super) fn new(problem: &Problem<'a>) -> Self {
        let daemon = |pod: &'a PodTemplate| Daemon {
            pod,
            tolerations: pod
                .tolerations
                .iter()
                .cloned()
                .chain([bears_prefer_no_schedule()])
                .collect(),
            dropped_terms: 0,
        };
        Self(
            problem
                .daemons
                .iter()
                .map(|id| daemon(&problem.templates[id.index()]))
                .collect(),
        )
    }

    /// What they take of a new node of each type the pool's own requirements leave; `set` is what the pool's nodes are.
    pub(super) fn of_types(
        &mut self,
        pool: &PoolTemplate,
        set: &Requirements,
        eligible: &Bits,
        symbols: &Symbols,
    ) -> Vec<Overhead> {
        let mut overheads = vec![Overhead::default(); pool.types.len()];
        for daemon in self
            .0
            .iter_mut()
            .filter(|daemon| daemon.bears(&pool.taints))
        {
            for place in eligible.iter() {
                if daemon.runs_on(set, &pool.types[place], symbols) {
                    let overhead = &mut overheads[place];
                    overhead.requests += daemon.pod.requests;
                    overhead.host_ports.extend(&daemon.pod.host_ports);
                }
            }
        }
        overheads
    }

    /// What they will still take of an existing node: what is expected less what is bound, zero at least.
    pub(super) fn still_to_come(
        &self,
        node: &ExistingNode,
        taints: &[Taint],
        symbols: &Symbols,
    ) -> Resources {
        let mut expected = Resources::ZERO;
        for daemon in self.0.iter().filter(|daemon| daemon.bears(taints)) {
            if daemon.requirements(symbols).matches(&node.labels, symbols) {
                expected += daemon.pod.requests;
            }
        }
        (expected - node.daemon_requested).max(&Resources::ZERO)
    }
}
