//! What the run writes down for those who ask why: one call per decision, and nothing at all without a journal.

use crate::cloud::fleet::{FleetOutcome, Override};
use crate::cloud::ice::UNAVAILABLE_FOR;
use crate::cluster::Key;
use crate::des::SimTime;
use crate::karpenter::disruption::{
    Blocked, Command, Finding, NodeId, Outcome, Standing, Stranded, Unconsolidatable,
};
use crate::karpenter::launch::{CreateFleet, NothingToLaunch};
use crate::karpenter::offerings;
use crate::karpenter::provisioning::{NewClaim, Plan};
use crate::karpenter::termination::DrainPod;
use crate::kube::hpa;
use crate::kube::scheduler::{Failure, Preemption};
use crate::metrics::journal::{
    Claimed, Decision, Launched, NotLaunched, PodId, Protection, Removal, Scaler, Stay, Subject,
    Waiting,
};

use crate::scenario::model::ServiceId;

use super::World;
use super::node::{Node, Owner};
use super::pod::{Pod, Stage};

impl World<'_> {
    fn pod_id(&self, key: Key<Pod>) -> PodId {
        let pod = &self.pods[key];
        PodId {
            template: pod.template,
            ordinal: pod.ordinal,
        }
    }

    /// The pod that a controller knows by its slot.
    fn pod_in(&self, slot: u64) -> Option<PodId> {
        let key = self.pods.key_at(u32::try_from(slot).ok()?)?;
        Some(self.pod_id(key))
    }

    /// Writes down what is decided about a pod. DaemonSets' pods are nobody's decision.
    pub(super) fn note_pod(&mut self, now: SimTime, key: Key<Pod>, decision: Decision) {
        if self.journal.is_none() || self.pods[key].pinned.is_some() {
            return;
        }
        let subject = Subject::Pod(self.pod_id(key));
        if let Some(journal) = &mut self.journal {
            journal.note(now, subject, decision);
        }
    }

    /// Writes down what is decided about a node.
    pub(super) fn note_node(&mut self, now: SimTime, key: Key<Node>, decision: Decision) {
        let subject = Subject::Node(self.nodes[key].id);
        if let Some(journal) = &mut self.journal {
            journal.note(now, subject, decision);
        }
    }

    /// A node has its name.
    pub(super) fn note_name(&mut self, key: Key<Node>) {
        let node = &self.nodes[key];
        let pool = match node.owner {
            Owner::Pool(pool) => Some(pool),
            Owner::Group(_) => None,
        };
        if let Some(journal) = &mut self.journal {
            journal.node_made(node.id, &node.name, pool);
        }
    }

    /// A pod has been created.
    pub(super) fn note_created(&mut self, now: SimTime, key: Key<Pod>) {
        let pod = self.pod_id(key);
        if let Some(journal) = &mut self.journal {
            journal.pod_made(pod);
        }
        self.note_pod(now, key, Decision::Created);
        self.note_pod(now, key, Decision::Waits(Waiting::Turn));
    }

    /// kube-scheduler found no node.
    pub(super) fn note_refused(&mut self, now: SimTime, key: Key<Pod>, failure: &Failure) {
        if self.journal.is_none() {
            return;
        }
        let failure = || {
            Box::new(Failure {
                resolvable: Vec::new(),
                ..failure.clone()
            })
        };
        self.note_pod(now, key, Decision::Refused(failure()));
        if self.karpenter.is_none() {
            self.note_pod(now, key, Decision::Waits(Waiting::Capacity(failure())));
        }
    }

    /// kube-scheduler has put a pod on a node.
    pub(super) fn note_bound(&mut self, now: SimTime, key: Key<Pod>, node: Key<Node>) {
        let node = self.nodes[node].id;
        self.note_over(now, key);
        self.note_pod(now, key, Decision::Bound { node });
    }

    /// A pod is deleted.
    pub(super) fn note_removed(&mut self, now: SimTime, key: Key<Pod>, why: Removal) {
        if self.journal.is_some() && self.pods[key].deleting.is_none() {
            self.note_over(now, key);
            self.note_pod(now, key, Decision::Removed(why));
        }
    }

    fn note_over(&mut self, now: SimTime, key: Key<Pod>) {
        if self.journal.is_none() {
            return;
        }
        let subject = Subject::Pod(self.pod_id(key));
        if let Some(journal) = &mut self.journal {
            journal.over(now, subject);
        }
    }

    /// A provisioning pass has decided; `made` are the claims of its plan, and `keys` the nodes it knew.
    pub(super) fn note_plan(
        &mut self,
        now: SimTime,
        plan: &Plan,
        keys: &[Key<Node>],
        made: &[Key<Node>],
    ) {
        if self.journal.is_none() {
            return;
        }
        let existing = plan.existing.iter().map(|&(place, pod)| (keys[place], pod));
        for (node, pod) in existing {
            self.note_promise(now, pod, node, (false, plan));
        }
        for (claim, &node) in plan.claims.iter().zip(made) {
            for &pod in &claim.pods {
                self.note_promise(now, pod, node, (true, plan));
            }
        }
        for (pod, reason) in &plan.errors {
            let reason = Box::new(reason.clone());
            self.note_waiting(now, *pod, Waiting::NoPlace(reason));
        }
    }

    fn note_promise(
        &mut self,
        now: SimTime,
        pod: u64,
        node: Key<Node>,
        (new, plan): (bool, &Plan),
    ) {
        let node = &self.nodes[node];
        let mut relaxed = plan.relaxed.iter();
        let relaxed = relaxed.find(|&&(other, _)| other == pod);
        let promise = Waiting::Promised {
            node: node.id,
            new,
            ready: node.initialized.is_some(),
            relaxed: relaxed.map(|&(_, relaxed)| Box::new(relaxed)),
        };
        self.note_waiting(now, pod, promise);
    }

    /// Pods that a pass only moves do not wait.
    fn note_waiting(&mut self, now: SimTime, pod: u64, waiting: Waiting) {
        let key = self.pods.key_at(pod as u32);
        if let Some(key) = key.filter(|&key| self.pods[key].stage == Stage::Pending) {
            self.note_pod(now, key, Decision::Waits(waiting));
        }
    }

    /// A claim has been created.
    pub(super) fn note_claim(&mut self, now: SimTime, key: Key<Node>, claim: &NewClaim) {
        self.note_name(key);
        let (Some(_), Some(karpenter)) = (&self.journal, &self.karpenter) else {
            return;
        };
        let cheapest = claim.types.first().and_then(|&place| {
            let kind = &karpenter.types[claim.pool][place];
            let price = offerings::cheapest(&claim.requirements, kind, &self.scenario.symbols)?;
            Some((kind.name, price))
        });
        let claimed = Claimed {
            pool: claim.pool,
            pods: claim.pods.len(),
            types: claim.types.len(),
            cheapest,
            requirements: claim.requirements.clone(),
            requests: claim.requests,
        };
        self.note_node(now, key, Decision::Claimed(Box::new(claimed)));
    }

    /// EC2 was not asked, since nothing passed a filter.
    pub(super) fn note_nothing(&mut self, now: SimTime, key: Key<Node>, why: NothingToLaunch) {
        let decision = Decision::NotLaunched(Box::new(NotLaunched::Nothing(why)));
        self.note_node(now, key, decision);
    }

    /// EC2 has answered; `overrides` are the offerings of the request by their ids in the catalog.
    pub(super) fn note_fleet(
        &mut self,
        now: SimTime,
        key: Key<Node>,
        request: &CreateFleet,
        overrides: &[Override],
        outcome: &FleetOutcome,
    ) {
        if self.journal.is_none() {
            return;
        }
        let types = self.nodes[key].claim.as_ref();
        let types = types.map_or(0, |claim| claim.types.len());
        let chosen = |pool| overrides.iter().find(|choice| choice.pool == pool).copied();
        let decision = match outcome.launched.and_then(chosen) {
            Some(chosen) => Decision::Launched(Box::new(Launched {
                types,
                passed: request.passed.clone(),
                offerings: overrides.len(),
                capacity_type: request.capacity_type,
                chosen,
                cheapest: overrides.iter().min_by_key(|choice| choice.price).copied(),
                insufficient: outcome.insufficient.clone(),
            })),
            None => Decision::NotLaunched(Box::new(NotLaunched::Insufficient {
                capacity_type: request.capacity_type,
                offerings: overrides.len(),
                named: outcome.insufficient.clone(),
                until: now + UNAVAILABLE_FOR,
            })),
        };
        self.note_node(now, key, decision);
    }

    /// A disruption pass has looked: how each node stood, and what was found.
    pub(super) fn note_look(&mut self, now: SimTime, standings: &[Standing], found: &[Finding]) {
        for standing in standings {
            self.note_standing(now, standing, found);
        }
        for finding in found {
            let decision = match finding {
                Finding::Kept { nodes, .. } if nodes.len() < 2 => continue,
                Finding::Kept {
                    why: Unconsolidatable::NothingChanged { .. },
                    ..
                } => continue,
                finding => Decision::Found(Box::new(finding.clone())),
            };
            if let Some(journal) = &mut self.journal {
                journal.note(now, Subject::Disruption, decision);
            }
        }
    }

    fn note_standing(&mut self, now: SimTime, standing: &Standing, found: &[Finding]) {
        let node = standing.node;
        let stay = match &standing.blocked {
            Some(Blocked::Gone | Blocked::Deleting | Blocked::Queued) => {
                return self.note_leaving(now, node);
            }
            Some(why) => Some(Stay::Blocked {
                pod: pod_of_blocked(why).and_then(|pod| self.pod_in(pod)),
                why: *why,
            }),
            None => self.kept(node, found),
        };
        let Some(journal) = &mut self.journal else {
            return;
        };
        if let Some(stay) = stay.or_else(|| journal.stay_of(node).cloned()) {
            journal.stays(now, node, standing.price, stay);
        }
    }

    fn note_leaving(&mut self, now: SimTime, node: NodeId) {
        if let Some(journal) = &mut self.journal {
            journal.over(now, Subject::Node(node));
        }
    }

    /// The most telling finding about a candidate: what it met alone, else what it met with others. That nothing has changed since is no
    /// reason where there is an older one.
    fn kept(&self, node: NodeId, found: &[Finding]) -> Option<Stay> {
        let about = |finding: &&Finding| matches!(finding, Finding::Kept { nodes, .. } if nodes.contains(&node));
        let finding = found
            .iter()
            .filter(about)
            .max_by_key(|finding| match finding {
                Finding::Kept { method, .. } => Some(*method),
                _ => None,
            })?;
        let Finding::Kept { method, nodes, why } = finding else {
            return None;
        };
        let known = self
            .journal
            .as_ref()
            .and_then(|journal| journal.stay_of(node));
        if matches!(why, Unconsolidatable::NothingChanged { .. })
            && matches!(known, Some(Stay::Kept { .. }))
        {
            return known.cloned();
        }
        let pod = match why {
            Unconsolidatable::Stranded(stranded) => self.pod_in(stranded_pod(stranded)),
            _ => None,
        };
        Some(Stay::Kept {
            method: *method,
            nodes: nodes.len(),
            why: why.clone(),
            pod,
        })
    }

    /// A disruption command has started.
    pub(super) fn note_started(
        &mut self,
        now: SimTime,
        command: &Command,
        replacements: &[NodeId],
    ) {
        for &node in &command.candidates {
            self.note_leaving(now, node);
        }
        if let Some(journal) = &mut self.journal {
            let command = Box::new(command.clone());
            let decision = Decision::Started {
                command,
                replacements: replacements.to_vec(),
            };
            journal.note(now, Subject::Disruption, decision);
        }
    }

    /// A disruption command has ended.
    pub(super) fn note_ended(&mut self, now: SimTime, command: &Command, outcome: Outcome) {
        if let Some(journal) = &mut self.journal {
            let candidates = command.candidates.clone();
            let decision = Decision::Ended {
                candidates,
                outcome,
            };
            journal.note(now, Subject::Disruption, decision);
        }
    }

    /// EC2 has given notice of a spot instance.
    pub(super) fn note_notice(&mut self, now: SimTime, key: Key<Node>) {
        let heard = match self.nodes[key].owner {
            Owner::Group(_) => true,
            Owner::Pool(_) => self
                .karpenter
                .as_ref()
                .is_some_and(|karpenter| karpenter.model.interruption_queue),
        };
        self.note_node(now, key, Decision::Noticed { heard });
    }

    /// An instance has ended.
    pub(super) fn note_terminated(&mut self, now: SimTime, key: Key<Node>) {
        let reclaimed = self.nodes[key].reclaimed;
        self.note_leaving(now, self.nodes[key].id);
        self.note_node(now, key, Decision::Terminated { reclaimed });
    }

    /// A pod is deleted for one of higher priority.
    pub(super) fn note_preempted(&mut self, now: SimTime, victim: Key<Pod>, by: Key<Pod>) {
        let by = self.pod_id(by);
        self.note_removed(now, victim, Removal::Preempted { by });
    }

    /// A pod of a draining node stays for now.
    pub(super) fn note_protected(&mut self, now: SimTime, key: Key<Pod>, by: Protection) {
        self.note_pod(now, key, Decision::Protected(by));
    }

    /// Pods of a draining node that nobody may evict.
    pub(super) fn note_stalled(&mut self, now: SimTime, pods: &[DrainPod<Key<Pod>>]) {
        if self.journal.is_none() {
            return;
        }
        let bound = |pod: &&DrainPod<_>| pod.do_not_disrupt && !pod.exempt && pod.ends.is_none();
        for pod in pods.iter().filter(bound) {
            self.note_protected(now, pod.pod, Protection::DoNotDisrupt);
        }
    }

    /// A pod has found victims.
    pub(super) fn note_preemption(&mut self, now: SimTime, key: Key<Pod>, chosen: &Preemption) {
        let node = self
            .nodes
            .key_at(chosen.node)
            .map(|node| self.nodes[node].id);
        if let Some(node) = node.filter(|_| self.journal.is_some()) {
            let victims = chosen.victims.len();
            self.note_pod(now, key, Decision::Preempts { node, victims });
        }
    }

    /// An autoscaler has looked: it changes the number of pods, keeps it although it would not, or is content.
    pub(super) fn note_scaling(&mut self, now: SimTime, service: ServiceId, to: u32, by: Scaler) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let subject = Subject::Workload(self.scenario.services[service.index()].template);
        let from = self.services[service.index()].desired;
        match by {
            Scaler::Hpa(reason @ hpa::Reason::Metric { proposal, .. }) if proposal != to => {
                journal.note(now, subject, Decision::Held { at: to, reason });
            }
            Scaler::Hpa(_) => journal.over(now, subject),
            Scaler::Keda(_) => {}
        }
        if from != to {
            journal.note(now, subject, Decision::Scaled { from, to, by });
        }
    }

    /// A node is to go.
    pub(super) fn note_deleted(&mut self, now: SimTime, key: Key<Node>) {
        let (node, reason) = (self.nodes[key].id, self.nodes[key].end.label());
        self.note_leaving(now, node);
        self.note_node(now, key, Decision::Deleted { reason });
    }
}

fn pod_of_blocked(why: &Blocked) -> Option<u64> {
    match why {
        Blocked::PodDoNotDisrupt { pod, .. }
        | Blocked::PdbExhausted { pod }
        | Blocked::SeveralPdbs { pod } => Some(*pod),
        _ => None,
    }
}

fn stranded_pod(stranded: &Stranded) -> u64 {
    match stranded {
        Stranded::NoPlace { pod, .. }
        | Stranded::Uninitialized { pod, .. }
        | Stranded::Unreached { pod } => *pod,
    }
}
