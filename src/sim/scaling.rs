//! How many pods a service has: metrics, HPA, KEDA, and which of them go.

use crate::api::Resource;
use crate::cluster::Key;
use crate::des::{Class, Purpose, SimDuration, SimTime};
use crate::kube::hpa::{Decision, HpaSpec, Inputs, Metric, PodState, Reading};
use crate::kube::keda::{QueueDepth, Replicas, Trigger, thousandths};
use crate::kube::metrics_server::{CpuReading, CpuWindow, HOUSEKEEPING, RESOLUTION, Sample};
use crate::kube::replicaset::{Replica, victims};
use crate::metrics::journal::{Removal, Scaler};
use crate::metrics::{Part, PendingCause};
use crate::scenario::model::events::MetricsSource;
use crate::scenario::model::{QueueId, ServiceId};

use super::container::{KubeletReading, Moment};
use super::event::Event;
use super::pod::{Pod, Stage};
use super::service::Autoscaler;
use super::{Queue, World};

/// kube-controller-manager syncs every HPA so often (spec/kubernetes.md 2.1).
use crate::kube::hpa::constants::{CLOUDWATCH_PERIOD, SYNC_PERIOD};

impl World<'_> {
    /// metrics-server reads the CPU of every pod whose service an HPA watches, an adapter its requests, and CloudWatch its queue.
    pub(super) fn scrape(&mut self, now: SimTime, queue: &mut Queue) {
        for service in 0..self.services.len() {
            if matches!(self.services[service].autoscaler, Autoscaler::Fixed) {
                continue;
            }
            for at in 0..self.services[service].pods.len() {
                self.scrape_pod(now, self.services[service].pods[at]);
            }
            self.scrape_queue(now, service);
        }
        queue.push(now + RESOLUTION, Class::Sampling, Event::Scrape);
    }

    fn scrape_pod(&mut self, now: SimTime, key: Key<Pod>) {
        let pod = &mut self.pods[key];
        let (Some(reading), Some(started)) = (pod.container.reading(), pod.container.started())
        else {
            return;
        };
        if !is_out(self.outages, MetricsSource::Server, now) {
            pod.usage.record(reading.cpu, started, RESOLUTION);
            // A pod is reported once there are two readings of it.
            pod.memory_sample = pod.usage.sample().map(|sample| Sample {
                value: reading.memory as i64,
                ..sample
            });
        }
        pod.in_flight = Some(Sample {
            value: thousandths(u64::from(pod.server.outstanding())),
            at: now,
            window: RESOLUTION,
        });
    }

    fn scrape_queue(&mut self, now: SimTime, service: usize) {
        let Some(queue) = self.scenario.services[service].consumes else {
            return;
        };
        let last = self.services[service].backlog;
        if last.is_none_or(|(at, _)| now.since(at) >= CLOUDWATCH_PERIOD) {
            self.services[service].backlog = Some((now, self.visible(now, queue)));
        }
    }

    /// The kubelet refreshes its reading of a container whose service somebody scales.
    pub(super) fn housekeep(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let pod = &self.pods[key];
        let scaled = pod.service.is_some_and(|service| {
            let scaler = &self.services[service.index()].autoscaler;
            !matches!(scaler, Autoscaler::Fixed)
        });
        let Some(slot) = pod.cpu.filter(|_| scaled) else {
            return;
        };
        let cores = self.cpu.used(now, slot) / u128::from(crate::cluster::cpu::CORE);
        let used = SimDuration::from_micros(cores as u64);
        let u = self.pod_draw(pod, Purpose::Phase, now.as_micros());
        let reading = KubeletReading {
            cpu: CpuReading { at: now, used },
            memory: pod.memory,
        };
        self.pods[key].container.take_reading(reading);
        self.await_moment(key, Moment::Housekeep, now + HOUSEKEEPING.at(u), queue);
    }

    /// A part of the metrics pipeline does not answer for a while.
    pub(super) fn lose_metrics(&mut self, now: SimTime, source: MetricsSource, lasts: SimDuration) {
        let until = &mut self.outages[source as usize];
        *until = (*until).max(now + lasts);
        if source == MetricsSource::Server {
            // It keeps what it has read in memory, and comes back without.
            let keys: Vec<_> = self.pods.iter().map(|(key, _)| key).collect();
            for key in keys {
                let pod = &mut self.pods[key];
                (pod.usage, pod.memory_sample) = (CpuWindow::default(), None);
            }
        }
    }

    /// What an object or external metric of a service's HPA says: the requests in its pods, or the messages in its queue.
    fn load(&self, service: ServiceId) -> Option<u64> {
        let state = &self.services[service.index()];
        if self.scenario.services[service.index()].consumes.is_some() {
            return state.backlog.map(|(_, visible)| visible);
        }
        let samples = state
            .pods
            .iter()
            .filter_map(|&key| self.pods[key].in_flight);
        Some(
            samples
                .map(|sample| sample.value.unsigned_abs() / 1_000)
                .sum(),
        )
    }

    /// A HorizontalPodAutoscaler looks at its metrics.
    pub(super) fn hpa_sync(&mut self, now: SimTime, service: ServiceId, queue: &mut Queue) {
        queue.push(
            now + SYNC_PERIOD,
            Class::Controller,
            Event::HpaSync(service),
        );
        let pods: Vec<_> = self.services[service.index()]
            .pods
            .iter()
            .map(|&key| self.pod_state(key))
            .collect();
        let pods_of = &self.services[service.index()].pods;
        let cpu: Vec<_> = pods_of
            .iter()
            .map(|&key| self.pods[key].usage.sample())
            .collect();
        let memory: Vec<_> = pods_of
            .iter()
            .map(|&key| self.pods[key].memory_sample)
            .collect();
        let answers = |source| !is_out(self.outages, source, now);
        let adapter = answers(MetricsSource::Custom);
        let in_flight: Vec<_> = pods_of
            .iter()
            .map(|&key| self.pods[key].in_flight.filter(|_| adapter))
            .collect();
        let spec = match &self.services[service.index()].autoscaler {
            Autoscaler::Fixed => return,
            Autoscaler::Hpa(hpa) | Autoscaler::Keda(_, hpa) => hpa.spec().clone(),
        };
        let totals = match &self.services[service.index()].autoscaler {
            Autoscaler::Keda(..) => self.trigger_metrics(now, service).1,
            _ => {
                let source = match self.scenario.services[service.index()].consumes {
                    Some(_) => MetricsSource::External,
                    None => MetricsSource::Custom,
                };
                let load = self.load(service).filter(|_| answers(source));
                vec![load.map(thousandths); spec.metrics.len()]
            }
        };
        let samples = PodSamples {
            cpu: &cpu,
            memory: &memory,
            in_flight: &in_flight,
        };
        let readings = readings(&spec, samples, &totals);
        let state = &mut self.services[service.index()];
        let active = state
            .pods
            .iter()
            .filter(|&&key| self.pods[key].is_active())
            .count() as u32;
        let inputs = Inputs {
            spec_replicas: state.desired,
            status_replicas: active,
            pods: &pods,
            readings: &readings,
        };
        let (Autoscaler::Hpa(hpa) | Autoscaler::Keda(_, hpa)) = &mut state.autoscaler else {
            return;
        };
        let Decision { replicas, reason } = hpa.sync(now, &inputs);
        self.note_scaling(now, service, replicas, Scaler::Hpa(reason));
        self.scale(now, service, replicas, queue);
    }

    fn pod_state(&self, key: Key<Pod>) -> PodState {
        let pod = &self.pods[key];
        PodState {
            requests: self.scenario.template(pod.template).requests,
            serving: self.scenario.template(pod.template).serving_requests,
            phase: pod.phase(),
            deleting: pod.deleting.is_some(),
            readiness: pod.readiness,
            started: pod.bound_at,
        }
    }

    /// What the triggers of a service's ScaledObject say now, one value per trigger.
    fn trigger_lengths(&mut self, now: SimTime, service: ServiceId) -> Vec<Option<u64>> {
        let Autoscaler::Keda(keda, _) = &self.services[service.index()].autoscaler else {
            return Vec::new();
        };
        let mut lengths = Vec::new();
        for trigger in &keda.spec().triggers {
            let Trigger::Sqs(sqs) = trigger else {
                lengths.push(None);
                continue;
            };
            let place = self
                .scenario
                .queues
                .iter()
                .position(|queue| queue.name == sqs.queue);
            let place = place.filter(|_| !is_out(self.outages, MetricsSource::External, now));
            lengths.push(place.map(|place| {
                let counts = self.queues[place].messages.counts(now);
                sqs.length(QueueDepth {
                    visible: counts.visible,
                    in_flight: counts.in_flight,
                    delayed: 0,
                })
            }));
        }
        lengths
    }

    /// The same, and the metrics KEDA makes of them, in thousandths.
    fn trigger_metrics(
        &mut self,
        now: SimTime,
        service: ServiceId,
    ) -> (Vec<Option<u64>>, Vec<Option<i64>>) {
        let lengths = self.trigger_lengths(now, service);
        let state = &mut self.services[service.index()];
        let replicas = Replicas {
            wanted: state.desired,
            ready: state.ready.now,
        };
        let Autoscaler::Keda(keda, _) = &mut state.autoscaler else {
            return (lengths, Vec::new());
        };
        let metrics = keda.ask(&lengths, replicas);
        (lengths, metrics)
    }

    /// A ScaledObject's operator looks at its triggers.
    pub(super) fn keda_poll(&mut self, now: SimTime, service: ServiceId, queue: &mut Queue) {
        let (lengths, _) = self.trigger_metrics(now, service);
        let state = &mut self.services[service.index()];
        let Autoscaler::Keda(keda, _) = &mut state.autoscaler else {
            return;
        };
        let polling = keda.spec().polling;
        let decision = keda.poll(now, state.desired, &lengths);
        queue.push(now + polling, Class::Controller, Event::KedaPoll(service));
        if let Some(replicas) = decision {
            self.note_scaling(now, service, replicas, Scaler::Keda(lengths));
            self.scale(now, service, replicas, queue);
        }
    }

    /// Sets `spec.replicas`.
    fn scale(&mut self, now: SimTime, service: ServiceId, replicas: u32, queue: &mut Queue) {
        let state = &mut self.services[service.index()];
        if replicas == state.desired {
            return;
        }
        if replicas > state.desired {
            state.scaled_up += 1;
        } else {
            state.scaled_down += 1;
        }
        state.desired = replicas;
        self.turn_clock(now, service);
        self.reconcile(now, service, queue);
    }

    /// Deletes so many of a ReplicaSet's pods; how crowded a node is, the pods of the whole Deployment tell.
    pub(super) fn delete_pods(
        &mut self,
        now: SimTime,
        service: ServiceId,
        active: &[Key<Pod>],
        count: u32,
        queue: &mut Queue,
    ) {
        let replicas: Vec<_> = active.iter().map(|&key| self.replica(key)).collect();
        let family = self.active_pods(service, None).into_iter();
        let nodes: Vec<_> = family
            .filter_map(|key| self.pods[key].node.map(Key::slot))
            .collect();
        for place in victims(now, &replicas, &nodes, count.min(replicas.len() as u32)) {
            self.note_removed(now, active[place], Removal::ScaledDown);
            self.terminate_pod(now, active[place], queue);
        }
    }

    fn replica(&self, key: Key<Pod>) -> Replica {
        let pod = &self.pods[key];
        Replica {
            node: pod.node.map(Key::slot),
            phase: pod.phase(),
            ready_since: pod
                .readiness
                .filter(|readiness| readiness.ready)
                .map(|readiness| readiness.since),
            deletion_cost: self.scenario.template(pod.template).deletion_cost,
            restarts: pod.container.restarts,
            created: pod.created,
            uid: pod.uid,
        }
    }

    /// Turns the service's clock to what its queue waits for now: the stage nearest to relief that some pod of it is in.
    pub(super) fn turn_clock(&mut self, now: SimTime, service: ServiceId) {
        let state = &self.services[service.index()];
        let (mut starting, mut launching, mut pending) = (false, false, state.creating() > 0);
        for &key in &state.pods {
            let pod = &self.pods[key];
            match pod.stage {
                Stage::Starting | Stage::Warming => starting |= pod.deleting.is_none(),
                Stage::Pending => {
                    pending = true;
                    launching |= pod.waiting.cause == PendingCause::NodeLaunching;
                }
                Stage::Running | Stage::Silent | Stage::Exited => {}
            }
        }
        let part = if starting {
            Part::PodStart
        } else if launching {
            Part::NodeLaunch
        } else if pending {
            Part::PodPending
        } else if state.desired < state.most {
            Part::AutoscalerReaction
        } else {
            Part::QueueWait
        };
        self.services[service.index()].clocks.turn_to(now, part);
    }

    /// Visible messages of a queue.
    pub(super) fn visible(&mut self, now: SimTime, queue: QueueId) -> u64 {
        self.book_lost(now, queue);
        self.queues[queue.index()].messages.counts(now).visible
    }
}

/// Whether a part of the metrics pipeline does not answer.
fn is_out(outages: [SimTime; 3], source: MetricsSource, now: SimTime) -> bool {
    now < outages[source as usize]
}

/// Samples of a service's pods.
#[derive(Clone, Copy)]
struct PodSamples<'a> {
    cpu: &'a [Option<Sample>],
    memory: &'a [Option<Sample>],
    in_flight: &'a [Option<Sample>],
}

/// What each metric of an HPA reads: the pods' CPU, memory or requests, or one number for all of them, in thousandths.
fn readings<'a>(spec: &HpaSpec, pods: PodSamples<'a>, totals: &[Option<i64>]) -> Vec<Reading<'a>> {
    let reading = |(place, metric): (usize, &Metric)| match metric {
        Metric::Pods(_) => Reading::Pods(pods.in_flight),
        Metric::Value(_) | Metric::AverageValue(_) => Reading::Total(totals[place]),
        resource if resource.resource() == Some(Resource::Memory) => Reading::Pods(pods.memory),
        _ => Reading::Pods(pods.cpu),
    };
    spec.metrics.iter().enumerate().map(reading).collect()
}
