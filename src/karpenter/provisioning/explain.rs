//! Why does a pod fit nowhere? The refusals of every place, counted (1.10; spec/karpenter.md 11, rows 2 and 3).

use super::examine::Refusal;
use super::pass::{Failure, Pass};
use super::plan::{Cause, NodeFailures, PoolFailure, Reason};
use super::problem::PendingPod;
use crate::api::taint::tolerated;

impl Pass<'_> {
    /// Why every place refuses a pod, in the words of its last attempt: nothing has changed since.
    pub(super) fn explain(&mut self, pod: &PendingPod, failure: Failure) -> Reason {
        let variant = failure.variant;
        self.look_around(variant);
        self.draws.return_to(failure.attempt);
        let mut reason = Reason::default();
        for node in 0..self.nodes.nodes.len() {
            if let Some(refusal) = self.node_refusal(node, variant, pod.ignores_protection) {
                count(refusal, &mut reason.nodes);
            }
        }
        for pool in 0..self.pools.len() {
            if let Some(refusal) = self.pool_refusal(pool, variant) {
                let cause = self.cause(refusal, pool, variant);
                let pool = self.pools[pool].index;
                reason.pools.push(PoolFailure { pool, cause });
                if refusal == Refusal::Reserved {
                    break;
                }
            }
        }
        reason.pools.extend(self.dropped.iter().cloned());
        reason
    }

    fn cause(&mut self, refusal: Refusal, pool: usize, variant: usize) -> Cause {
        let template = self.variants.get(variant).template;
        let here = &self.problem.pools[self.pools[pool].index];
        match refusal {
            Refusal::NodeLimit => Cause::NodeLimit(here.limits.nodes.unwrap_or(0)),
            Refusal::Limits => {
                let pool = &self.pools[pool];
                let eligible: Vec<_> = pool
                    .eligible
                    .iter()
                    .map(|place| &pool.types[place])
                    .collect();
                Cause::Limits(pool.remaining.excluding(eligible.into_iter()))
            }
            Refusal::Taints => {
                let tolerations = self.variants.get(variant).tolerations(self.problem);
                let borne = |taint| tolerated(taint, &tolerations);
                Cause::Taint(
                    here.taints
                        .iter()
                        .position(|taint| !borne(taint))
                        .unwrap_or(0),
                )
            }
            Refusal::Requirement(key) => Cause::Requirement(key),
            Refusal::Topology(key) => Cause::Topology(key),
            Refusal::MinValues(short) => short.into(),
            Refusal::Reserved => Cause::Reserved,
            Refusal::Types(set) => {
                let requests = self.requests.row(template);
                let ports = &self.problem.templates[template].host_ports;
                Cause::Types(self.pools[pool].failures(
                    set,
                    requests,
                    ports,
                    &self.sets,
                    self.problem.symbols,
                ))
            }
            Refusal::Protected | Refusal::HostPorts | Refusal::Resources => {
                unreachable!("a new claim does not refuse for {refusal:?}")
            }
        }
    }
}

fn count(refusal: Refusal, failures: &mut NodeFailures) {
    let counter = match refusal {
        Refusal::Protected => &mut failures.protected,
        Refusal::Taints => &mut failures.taints,
        Refusal::HostPorts => &mut failures.host_ports,
        Refusal::Resources => &mut failures.resources,
        Refusal::Requirement(_) => &mut failures.requirements,
        Refusal::Topology(_) => &mut failures.topology,
        Refusal::Types(_)
        | Refusal::MinValues(_)
        | Refusal::Reserved
        | Refusal::NodeLimit
        | Refusal::Limits => {
            unreachable!("a node does not refuse for {refusal:?}")
        }
    };
    *counter += 1;
}
