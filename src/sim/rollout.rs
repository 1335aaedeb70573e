//! Deployments and their ReplicaSets: one for each revision that still has pods.

use crate::api::Symbol;
use crate::cluster::Key;
use crate::des::{Class, SimTime};
use crate::kube::deployment::{Revision, Sizes, rescale, roll};
use crate::kube::replicaset::{Adjustment, adjust};
use crate::scenario::model::ServiceId;

use super::event::Event;
use super::pod::Pod;
use super::{Queue, World};

/// A revision of a Deployment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ReplicaSet {
    /// Counted from 1, as `deployment.kubernetes.io/revision` is.
    pub(super) revision: u32,
    /// `spec.replicas`.
    pub(super) replicas: u32,
    /// Creations asked of the API server that have not happened yet.
    pub(super) creating: u32,
    /// What its pods run.
    pub(super) image: Symbol,
}

impl World<'_> {
    /// Somebody gives a Deployment a new image.
    pub(super) fn roll_out(
        &mut self,
        now: SimTime,
        service: ServiceId,
        image: Symbol,
        queue: &mut Queue,
    ) {
        let sets = &mut self.services[service.index()].replica_sets;
        let revision = sets.last().map_or(1, |newest| newest.revision + 1);
        sets.push(ReplicaSet {
            revision,
            replicas: 0,
            creating: 0,
            image,
        });
        self.reconcile(now, service, queue);
    }

    /// A pod has become available or gone: the next step of a rollout, if there is one.
    pub(super) fn go_on_rolling(&mut self, now: SimTime, service: ServiceId, queue: &mut Queue) {
        if self.services[service.index()].replica_sets.len() > 1 {
            self.reconcile(now, service, queue);
        }
    }

    /// A pod is Ready: a rollout counts it once it has been so for `minReadySeconds`.
    pub(super) fn await_available(&mut self, now: SimTime, service: ServiceId, queue: &mut Queue) {
        let least = self.scenario.services[service.index()].min_ready;
        if self.services[service.index()].replica_sets.len() > 1 {
            queue.push(now + least, Class::Controller, Event::PodAvailable(service));
        }
    }

    /// The Deployment controller sizes its ReplicaSets, and each of them compares what it wants with what it has.
    ///
    /// A sync picks all its victims before the first of them goes: what their going brings about has to wait for its end.
    pub(super) fn reconcile(&mut self, now: SimTime, service: ServiceId, queue: &mut Queue) {
        let syncing = &mut self.services[service.index()].syncing;
        if std::mem::replace(syncing, true) {
            return;
        }
        self.size_replica_sets(now, service);
        for place in 0..self.services[service.index()].replica_sets.len() {
            let set = self.services[service.index()].replica_sets[place];
            let active = self.active_pods(service, Some(set.revision));
            match adjust(set.replicas, active.len() as u32 + set.creating) {
                Adjustment::Keep => {}
                Adjustment::Create(count) => {
                    self.services[service.index()].replica_sets[place].creating += count;
                    for _ in 0..count {
                        let at = self.replicaset_client.take(now);
                        if self.services[service.index()].events.passes(now) {
                            self.replicaset_client.take(now);
                        }
                        queue.push(at, Class::Controller, Event::CreatePod(service));
                    }
                }
                Adjustment::Delete(count) => {
                    self.delete_pods(now, service, &active, count, queue);
                }
            }
        }
        self.services[service.index()].syncing = false;
    }

    fn size_replica_sets(&mut self, now: SimTime, service: ServiceId) {
        self.forget_old_revisions(service);
        let state = &self.services[service.index()];
        let (desired, mut sets) = (state.desired, state.replica_sets.clone());
        let strategy = self.scenario.services[service.index()].strategy;
        if let [only] = &mut sets[..] {
            only.replicas = desired;
        } else {
            if state.sized_for != desired {
                let sizes: Vec<u32> = sets.iter().map(|set| set.replicas).collect();
                let scaled = rescale(state.sized_for, desired, strategy, &sizes);
                for (set, replicas) in sets.iter_mut().zip(scaled) {
                    set.replicas = replicas;
                }
            }
            // A change of a ReplicaSet's size brings the next sync at once, until nothing is left to do before a pod changes.
            loop {
                let revisions: Vec<Revision> = sets
                    .iter()
                    .map(|set| self.revision(now, service, set))
                    .collect();
                let Some((&new, old)) = revisions.split_last() else {
                    return;
                };
                let Sizes { new, mut old } = roll(desired, strategy, new, old);
                old.push(new);
                let changed = sets
                    .iter()
                    .zip(&old)
                    .any(|(set, size)| set.replicas != *size);
                for (set, replicas) in sets.iter_mut().zip(old) {
                    set.replicas = replicas;
                }
                if !changed {
                    break;
                }
            }
        }
        let state = &mut self.services[service.index()];
        (state.replica_sets, state.sized_for) = (sets, desired);
    }

    /// A revision without pods has nothing more to do with a rollout.
    fn forget_old_revisions(&mut self, service: ServiceId) {
        let pods = &self.pods;
        let state = &mut self.services[service.index()];
        let newest = state.replica_sets.last().map_or(0, |set| set.revision);
        let own = &state.pods;
        state.replica_sets.retain(|set| {
            let empty = set.replicas == 0
                && set.creating == 0
                && own.iter().all(|&key| pods[key].revision != set.revision);
            set.revision == newest || !empty
        });
    }

    fn revision(&self, now: SimTime, service: ServiceId, set: &ReplicaSet) -> Revision {
        let least = self.scenario.services[service.index()].min_ready;
        let all = self.services[service.index()].pods.iter();
        let own = all
            .map(|&key| &self.pods[key])
            .filter(|pod| pod.revision == set.revision);
        let available = |pod: &&Pod| {
            let since = pod.readiness.map_or(now, |readiness| readiness.since);
            pod.is_ready() && since + least <= now
        };
        Revision {
            replicas: set.replicas,
            available: own.clone().filter(available).count() as u32,
            existing: own.count() as u32 + set.creating,
        }
    }

    /// Pods that count as replicas: of one revision, or of all.
    pub(super) fn active_pods(&self, service: ServiceId, revision: Option<u32>) -> Vec<Key<Pod>> {
        let counts =
            |pod: &Pod| pod.is_active() && revision.is_none_or(|revision| pod.revision == revision);
        let all = self.services[service.index()].pods.iter().copied();
        all.filter(|&key| counts(&self.pods[key])).collect()
    }

    /// A creation has reached the API server; it is dropped if the wish has passed meanwhile.
    pub(super) fn replica_created(&mut self, now: SimTime, service: ServiceId, queue: &mut Queue) {
        let sets = &mut self.services[service.index()].replica_sets;
        let Some(set) = sets.iter_mut().rev().find(|set| set.creating > 0) else {
            return;
        };
        set.creating -= 1;
        let set = *set;
        let active = self.active_pods(service, Some(set.revision)).len() as u32;
        if active < set.replicas {
            let template = self.scenario.services[service.index()].template;
            self.create_pod(now, template, Some((service, set)), None, queue);
        }
    }
}
