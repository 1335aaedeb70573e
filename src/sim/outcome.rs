//! How a run ends: open accounts are closed and everything becomes a [`RunResult`].

use crate::cluster::cpu::CORE;
use crate::des::{SimDuration, SimTime};
use crate::metrics::RunResult;
use crate::metrics::latency::Durations;
use crate::metrics::result::{
    CategoryResult, ChurnResult, CpuStarvation, JourneyResult, Outcomes, Provenance, QueueResult,
    ServiceResult, SloResult, StarvationResult,
};
use crate::scenario::model::{Slo, SloTarget};

use super::World;
use super::pod::Stage;

/// Microcore-microseconds of a core-second.
const CORE_SECOND: f64 = CORE as f64 * 1e6;

impl World<'_> {
    /// Closes the accounts at `until`.
    pub(super) fn finish(
        mut self,
        until: SimTime,
        events: u64,
        stopped_early: Option<String>,
    ) -> RunResult {
        if self.series.covered() < until.since(SimTime::ZERO) {
            self.sample(until);
        }
        self.book_those_who_wait(until);
        let live: Vec<_> = self
            .nodes
            .iter()
            .filter(|(_, node)| !node.terminated && node.instance.is_some())
            .map(|(key, _)| key)
            .collect();
        for key in live {
            self.book_node(until, key);
        }
        let reserved = self.ledger.reserved_micros.clone();
        self.charge_platform(until, &reserved);
        let cost = self.cost(until);
        let slos = self
            .scenario
            .slos
            .iter()
            .flat_map(|slo| self.judge(slo))
            .collect();
        let services: Vec<_> = (0..self.services.len())
            .map(|place| self.service_result(place, until))
            .collect();
        let mut nodes = std::mem::take(&mut self.ledger.records);
        nodes.sort_by(|a, b| (a.created_us, &a.name).cmp(&(b.created_us, &b.name)));
        let scenario = self.scenario;
        RunResult {
            provenance: Provenance {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                scenario: scenario.name.clone(),
                description: scenario.description.clone(),
                digest: format!("{:016x}", scenario.digest),
                seed: self.seed,
                region: scenario.region.clone(),
                start: scenario.start.to_string(),
                duration_us: until.as_micros(),
                stopped_early,
            },
            events,
            requests: self.services.iter().map(|state| state.begun).sum(),
            arrivals: self.counters.arrivals,
            services,
            journeys: self.journey_results(),
            queues: (0..self.queues.len())
                .map(|place| self.queue_result(place, until))
                .collect(),
            starvation: self.starvation_result(until),
            cost,
            churn: self.churn_result(),
            nodes,
            series: self.series.finish(),
            slos,
        }
    }

    /// Pods that still wait have waited until now.
    fn book_those_who_wait(&mut self, now: SimTime) {
        let waiting: Vec<_> = self
            .pods
            .iter()
            .filter(|(_, pod)| pod.stage == Stage::Pending && pod.pinned.is_none())
            .map(|(key, _)| key)
            .collect();
        for key in waiting {
            self.book_placement(now, key);
        }
    }

    fn service_result(&mut self, place: usize, now: SimTime) -> ServiceResult {
        let model = &self.scenario.services[place];
        let running: u128 = self.services[place]
            .pods
            .iter()
            .filter_map(|&key| self.pods[key].cpu)
            .map(|slot| self.cpu.used(now, slot))
            .sum();
        let state = &mut self.services[place];
        let outcomes = state.recorder.outcomes();
        ServiceResult {
            name: model.name.clone(),
            namespace: model.namespace.clone(),
            latency: state.recorder.latency.percentiles(),
            queue_wait: state.recorder.wait.percentiles(),
            outcomes: Outcomes {
                in_flight: state.begun - outcomes.ended(),
                ..outcomes
            },
            attribution: state.recorder.attribution(),
            cpu_core_seconds: (state.cpu_used + running) as f64 / CORE_SECOND,
            ready_max: state.ready.most,
            ready_mean: state.ready.mean(now),
            container_ends: state.ends,
        }
    }

    fn journey_results(&self) -> Vec<JourneyResult> {
        let journeys = self.scenario.traffic.journeys.iter().zip(&self.journeys);
        journeys
            .map(|(model, state)| JourneyResult {
                name: model.name.clone(),
                begun: state.begun,
                completed: state.completed,
                failed: state.failed,
                latency: state.latency.percentiles(),
            })
            .collect()
    }

    fn queue_result(&mut self, place: usize, now: SimTime) -> QueueResult {
        let state = &mut self.queues[place];
        let counts = state.messages.counts(now);
        QueueResult {
            name: self.scenario.queues[place].name.clone(),
            sent: counts.sent,
            completed: counts.deleted,
            redelivered: state.redelivered,
            dead: counts.dead,
            expired: counts.expired,
            remaining: counts.visible + counts.in_flight,
            age: state.age.percentiles(),
            longest: state.longest,
            longest_at_us: state.longest_at.as_micros(),
            categories: state
                .age_by_category
                .iter()
                .map(|(&category, age)| CategoryResult {
                    category: self.scenario.traffic.categories[usize::from(category)].clone(),
                    age: age.percentiles(),
                })
                .collect(),
        }
    }

    fn starvation_result(&mut self, now: SimTime) -> StarvationResult {
        let scenario = self.scenario;
        let workload = |template: usize| scenario.templates[template].name.clone();
        let contention = self.cpu.contention(now).clone();
        let templates = scenario.templates.len();
        let mut cpu: Vec<_> = (0..templates)
            .filter(|&victim| contention.missed(victim) > 0)
            .map(|victim| {
                let mut taken_by: Vec<_> = (0..templates)
                    .map(|neighbour| {
                        (
                            workload(neighbour),
                            contention.taken(victim, neighbour) as f64 / CORE_SECOND,
                        )
                    })
                    .collect();
                taken_by.retain(|(_, seconds)| *seconds > 0.0);
                taken_by.sort_by(|a, b| b.1.total_cmp(&a.1));
                CpuStarvation {
                    workload: workload(victim),
                    core_seconds: contention.missed(victim) as f64 / CORE_SECOND,
                    taken_by,
                }
            })
            .collect();
        cpu.sort_by(|a, b| b.core_seconds.total_cmp(&a.core_seconds));
        StarvationResult {
            pods: self.starvation.pods(workload),
            requests: self.starvation.requests(
                |place| scenario.services[place].name.clone(),
                |place| scenario.traffic.categories[place].clone(),
            ),
            cpu,
        }
    }

    fn churn_result(&self) -> ChurnResult {
        let counters = &self.counters;
        let scalings = self.scenario.services.iter().zip(&self.services);
        ChurnResult {
            claims_created: counters.claims_created,
            insufficient_capacity: counters.insufficient_capacity,
            nodes_launched: counters.nodes_launched,
            emptied: counters.emptied,
            consolidated: counters.consolidated,
            interrupted: counters.interrupted,
            expired: counters.expired,
            drifted: counters.drifted,
            timed_out: counters.timed_out,
            repaired: counters.repaired,
            overprovisioned: counters.overprovisioned,
            pods_scheduled: counters.pods_scheduled,
            pods_evicted: counters.pods_evicted,
            pods_lost: counters.pods_lost,
            pods_pressured: counters.pods_pressured,
            pods_preempted: counters.pods_preempted,
            requests_reset: counters.requests_reset,
            duplicate_jobs: counters.duplicate_jobs,
            scalings: scalings
                .map(|(model, state)| (model.name.clone(), state.scaled_up, state.scaled_down))
                .collect(),
        }
    }

    fn judge(&self, slo: &Slo) -> Vec<SloResult> {
        let (name, durations, outcomes) = match slo.target {
            SloTarget::Service(id) => {
                let recorder = &self.services[id.index()].recorder;
                (
                    &self.scenario.services[id.index()].name,
                    &recorder.latency,
                    Some(recorder.outcomes()),
                )
            }
            SloTarget::Queue(id) => (
                &self.scenario.queues[id.index()].name,
                &self.queues[id.index()].age,
                None,
            ),
            SloTarget::Journey(id) => {
                let state = &self.journeys[id.index()];
                let outcomes = Outcomes {
                    succeeded: state.completed,
                    timed_out: state.failed,
                    ..Outcomes::default()
                };
                (
                    &self.scenario.traffic.journeys[id.index()].name,
                    &state.latency,
                    Some(outcomes),
                )
            }
        };
        let latencies = slo
            .latency
            .iter()
            .map(|&(ppm, bound)| judge_latency(name, durations, ppm, bound));
        let availability = slo
            .availability_ppm
            .zip(outcomes)
            .map(|(ppm, outcomes)| judge_availability(name, outcomes, ppm));
        latencies.chain(availability).collect()
    }
}

fn judge_latency(name: &str, durations: &Durations, ppm: u32, bound: SimDuration) -> SloResult {
    let actual = if durations.count() == 0 {
        0
    } else {
        durations.quantile(f64::from(ppm) / 1e6)
    };
    let allowed = durations.count() as f64 * f64::from(1_000_000 - ppm) / 1e6;
    let slow = durations.longer_than(bound) as f64;
    SloResult {
        goal: format!("{name} p{} <= {bound}", f64::from(ppm) / 1e4),
        actual,
        bound: bound.as_micros(),
        met: actual <= bound.as_micros(),
        budget_burnt: burnt(slow, allowed),
    }
}

fn judge_availability(name: &str, outcomes: Outcomes, ppm: u32) -> SloResult {
    let ended = outcomes.ended();
    let actual = if ended == 0 {
        1_000_000
    } else {
        (u128::from(outcomes.succeeded) * 1_000_000 / u128::from(ended)) as u64
    };
    let allowed = ended as f64 * f64::from(1_000_000 - ppm) / 1e6;
    SloResult {
        goal: format!("{name} availability >= {} %", f64::from(ppm) / 1e4),
        actual,
        bound: u64::from(ppm),
        met: actual >= u64::from(ppm),
        budget_burnt: burnt(outcomes.failed() as f64, allowed),
    }
}

/// Share of an error budget that has been used.
fn burnt(bad: f64, allowed: f64) -> f64 {
    if bad == 0.0 {
        0.0
    } else {
        bad / allowed.max(f64::MIN_POSITIVE)
    }
}
