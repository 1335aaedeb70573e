//! Claims become instances, or meet insufficient capacity.

use crate::cloud::CapacityType;
use crate::cloud::fleet::{Capacity, Override, create_fleet};
use crate::cloud::market::Pool;
use crate::cluster::Key;
use crate::des::{Class, Dist, Purpose, SimDuration, SimTime};
use crate::karpenter::launch::{self, Launch};
use crate::karpenter::provisioning::NewClaim;
use crate::metrics::PendingCause;

use super::event::Event;
use super::karpenter::Karpenter;
use super::node::{Claim, Instance, Node, Owner};
use super::{Queue, World};

/// From claim to instance where the scenario says nothing: batching and the CreateFleet call (spec/karpenter.md 3.8), in seconds.
const FLEET_CALL: Dist = Dist::Uniform {
    low: 2.0,
    high: 4.0,
};

/// What EC2 launched.
#[derive(Clone, Copy)]
struct Choice {
    pool: Pool,
    capacity_type: CapacityType,
    /// The place of the capacity reservation it is in.
    reservation: Option<usize>,
}

impl<'s> World<'s> {
    /// Creates a NodeClaim and asks EC2 for its instance.
    pub(super) fn create_claim(
        &mut self,
        now: SimTime,
        claim: &NewClaim,
        queue: &mut Queue,
    ) -> Key<Node> {
        let karpenter = self.karpenter.as_mut().expect("claims are Karpenter's");
        let number = karpenter.claims[claim.pool];
        karpenter.claims[claim.pool] += 1;
        let made_from = karpenter.pool(claim.pool);
        let name = format!("{}-{number:05}", made_from.name);
        let asked = Claim {
            requirements: claim.requirements.clone(),
            types: claim.types.clone(),
            requests: claim.requests,
            pool: karpenter.pool_revision(claim.pool),
            class: karpenter.class_revision(made_from.class),
            hashes: karpenter.hashes(made_from),
        };
        let id = self.next_node_id();
        let key = self.nodes.insert(Node::new(
            id,
            name,
            Owner::Pool(claim.pool),
            now,
            Some(asked),
        ));
        self.counters.claims_created += 1;
        self.note_claim(now, key, claim);
        self.await_deadline(now, key, queue);
        self.wake_static_pool(now, Owner::Pool(claim.pool), queue);
        for &pod in &claim.pods {
            self.turn_waiting(now, pod, PendingCause::NodeLaunching);
        }
        let draw = self
            .draw(Purpose::NodeBoot, claim.pool as u64)
            .uniform(number);
        let seconds = self
            .scenario
            .market
            .latency
            .launch
            .as_ref()
            .unwrap_or(&FLEET_CALL)
            .quantile(draw);
        queue.push(
            now + SimDuration::from_secs_f64(seconds),
            Class::Environment,
            Event::Launch(key),
        );
        key
    }

    /// EC2 answers: an instance, or insufficient capacity.
    pub(super) fn launch(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if self.nodes.get(key).is_none() {
            return;
        }
        let Some(mut karpenter) = self.karpenter.take() else {
            return;
        };
        let launched = self.ask_fleet(now, key, &mut karpenter);
        match launched {
            Some(Choice {
                pool,
                capacity_type,
                reservation,
            }) => {
                let ordinal = karpenter.next_ordinal(pool.instance_type, pool.zone);
                self.stamp_class(key, &karpenter);
                self.karpenter = Some(karpenter);
                let instance = Instance {
                    kind: pool.instance_type,
                    zone: pool.zone,
                    capacity_type,
                    reservation,
                    ordinal,
                    billed_from: now,
                };
                self.instance_launched(now, key, instance, queue);
                self.judge_drift(now, key);
                if self.nodes[key].doomed {
                    self.terminate_instance(now, key, queue);
                }
                self.watch_if_spot(now, key, queue);
            }
            None => {
                self.karpenter = Some(karpenter);
                self.counters.insufficient_capacity += 1;
                let owner = self.nodes[key].owner;
                self.nodes.remove(key);
                self.wake_static_pool(now, owner, queue);
                self.mark_insufficient(now);
            }
        }
        self.touch_consolidation();
        self.poke_provisioner(now, queue);
    }

    /// A claim is launched under its class as that is now.
    fn stamp_class(&mut self, key: Key<Node>, karpenter: &Karpenter<'_>) {
        let Some(pool) = self.made_from(&self.nodes[key]) else {
            return;
        };
        if let Some(claim) = &mut self.nodes[key].claim {
            claim.class = karpenter.class_revision(pool.class);
            claim.hashes = karpenter.hashes(pool);
        }
    }

    fn ask_fleet(
        &mut self,
        now: SimTime,
        key: Key<Node>,
        karpenter: &mut Karpenter<'s>,
    ) -> Option<Choice> {
        let node = &self.nodes[key];
        let (claim, Owner::Pool(pool)) = (node.claim.as_ref()?, node.owner) else {
            return None;
        };
        karpenter.refresh_offerings(now, &mut self.market);
        let request = launch::create_fleet(&Launch {
            requirements: &claim.requirements,
            requests: &claim.requests,
            types: &claim.types,
            catalog: &karpenter.types[pool],
            symbols: &self.scenario.symbols,
        });
        let request = match request {
            Ok(request) => request,
            Err(why) => {
                self.note_nothing(now, key, why);
                return None;
            }
        };
        let ids = &karpenter.type_ids[pool];
        let in_catalog = |choice: &Override| Override {
            pool: Pool {
                instance_type: ids[choice.pool.instance_type.index()],
                ..choice.pool
            },
            ..*choice
        };
        let overrides: Vec<_> = request.overrides.iter().map(in_catalog).collect();
        let u = self
            .draw(Purpose::IceDraw, pool as u64)
            .uniform(self.counters.claims_created);
        let (market, dark) = (&mut self.market, &self.dark_zones);
        let reserved = request.capacity_type == CapacityType::Reserved;
        let outcome = create_fleet(
            request.strategy,
            &overrides,
            |pool| {
                if dark.iter().any(|&(zone, _)| zone == pool.zone) {
                    Capacity::None
                } else if reserved {
                    Capacity::Ample // Karpenter counts along, so that it never asks for more
                } else {
                    market.capacity(pool, request.capacity_type, now)
                }
            },
            u,
        );
        self.note_fleet(now, key, &request, &overrides, &outcome);
        let drawn_on = |pool| {
            let choice = overrides.iter().find(|choice| choice.pool == pool)?;
            self.scenario.reservation_place(choice.reservation?)
        };
        for pool in outcome.insufficient {
            match drawn_on(pool) {
                Some(place) => karpenter.reservations.refused(place, now),
                None => karpenter.ice.mark(pool, request.capacity_type, now),
            }
        }
        let choice = outcome.launched.map(|pool| Choice {
            pool,
            capacity_type: request.capacity_type,
            reservation: drawn_on(pool),
        });
        if let Some(place) = choice.and_then(|choice| choice.reservation) {
            karpenter.reservations.launched(place);
        }
        choice
    }

    /// Pods that waited for a claim that is gone wait for capacity now.
    fn mark_insufficient(&mut self, now: SimTime) {
        let waiting: Vec<_> = self
            .provisionable()
            .filter(|(_, pod)| pod.waiting.cause == PendingCause::NodeLaunching)
            .map(|(key, _)| key)
            .collect();
        for key in waiting {
            self.turn_waiting(
                now,
                u64::from(key.slot()),
                PendingCause::InsufficientCapacity,
            );
        }
    }
}
