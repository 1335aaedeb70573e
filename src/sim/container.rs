//! The life of a pod's container: it starts, answers, counts as ready, ends, and is started again (spec/kubernetes.md 5.3, 5.9).
//!
//! Whatever can happen to a container at a time known before is a [`Moment`]; the container knows when each of them is due, and what
//! comes at any other time is meant for one that has ended since.

use crate::cluster::Key;
use crate::des::{Class, Purpose, SimDuration, SimTime};
use crate::kube::kubelet::{
    CrashLoop, ProbeKind, Restart, RestartRules, Stop, TIMING, Worker, Workers,
};
use crate::kube::metrics_server::CpuReading;
use crate::metrics::journal::Decision;
use crate::metrics::result::ContainerEnd;
use crate::scenario::model::ServiceId;

use super::event::Event;
use super::pod::{Pod, Stage};
use super::probe::Watch;
use super::{Queue, World};

/// Something that comes to a container at a time known before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moment {
    /// It runs.
    Start,
    /// It answers.
    Answer,
    /// Its readiness is known.
    Ready,
    /// It ends by itself.
    Crash,
    /// A probe that was never answered condemns it.
    Condemned,
    /// It has had its preStop hook.
    Sigterm,
    /// Its grace is over.
    Sigkill,
    /// The kernel kills it for the memory it takes.
    OutOfMemory,
    /// The kubelet refreshes its reading of it.
    Housekeep,
    /// The kubelet looks whether it may start again.
    Sync,
}

/// How many moments there are.
const MOMENTS: usize = Moment::Sync as usize + 1;
/// Random numbers of a pod's stream that each start of its container may use.
pub(super) const DRAWS_PER_START: u64 = 1_000;

/// What a kubelet has read of a container.
#[derive(Clone, Copy, Debug)]
pub(super) struct KubeletReading {
    pub(super) cpu: CpuReading,
    /// Bytes.
    pub(super) memory: u64,
}

/// The serving container of a pod.
#[derive(Clone, Debug, Default)]
pub(super) struct Container {
    started: Option<SimTime>,
    answers: SimTime,
    /// How often it was started again.
    pub(super) restarts: u32,
    /// Requests it has worked off since its start.
    pub(super) worked_off: u64,
    due: [Option<SimTime>; MOMENTS],
    /// Why the kubelet stops it.
    condemned: Option<ContainerEnd>,
    crash_loop: CrashLoop,
    ended: Option<SimTime>,
    /// The last end that the kubelet's next sync knows of.
    seen_end: Option<SimTime>,
    workers: Option<Workers>,
    reading: Option<KubeletReading>,
    /// What goes on between the kubelet and its probes, by kind.
    pub(super) watches: [Watch; 2],
}

impl Container {
    /// The kubelet has taken the pod on.
    pub(super) fn admit(&mut self, workers: Workers) {
        self.workers = Some(workers);
    }

    /// Since when it runs.
    pub(super) fn started(&self) -> Option<SimTime> {
        self.started
    }

    /// From when on it answers.
    pub(super) fn answers(&self) -> SimTime {
        self.answers
    }

    /// The kubelet's last reading of it.
    pub(super) fn reading(&self) -> Option<KubeletReading> {
        self.reading
    }

    pub(super) fn take_reading(&mut self, reading: KubeletReading) {
        self.reading = Some(reading);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    pub(super) fn worker(&mut self, kind: ProbeKind) -> Option<&mut Worker> {
        self.workers.as_mut()?.worker(kind)
    }

    /// Nothing is due any more.
    fn stop(&mut self) {
        self.due = [None; MOMENTS];
        self.watches = [Watch::default(); 2];
        (self.started, self.condemned, self.reading) = (None, None, None);
    }
}

impl World<'_> {
    /// Something is due in a container's life then.
    pub(super) fn await_moment(
        &mut self,
        key: Key<Pod>,
        moment: Moment,
        at: SimTime,
        queue: &mut Queue,
    ) {
        self.pods[key].container.due[moment as usize] = Some(at);
        queue.push(at, Class::Kubelet, Event::Container(key, moment));
    }

    /// A moment has come; of a container that is gone, or whose node is, it is void.
    pub(super) fn container_moment(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        moment: Moment,
        queue: &mut Queue,
    ) {
        let Some(pod) = self.pods.get_mut(key) else {
            return;
        };
        let due = &mut pod.container.due[moment as usize];
        let works = |node| self.nodes.get(node).is_some_and(|node| !node.terminated);
        if *due != Some(now) || pod.stage == Stage::Silent || !pod.node.is_some_and(works) {
            return;
        }
        *due = None;
        let staying = pod.deleting.is_none();
        match moment {
            Moment::Start if staying => self.start_container(now, key, queue),
            Moment::Answer => self.container_answers(now, key, queue),
            Moment::Ready if staying => self.set_ready(now, key, true, queue),
            Moment::Crash => self.end_container(now, key, ContainerEnd::Crashed, queue),
            Moment::OutOfMemory => self.end_container(now, key, ContainerEnd::OomKilled, queue),
            Moment::Condemned => self.stop_container(now, key, queue),
            Moment::Sigterm => self.pod_sigterm(now, key, queue),
            Moment::Sigkill => self.container_stopped(now, key, queue),
            Moment::Housekeep => self.housekeep(now, key, queue),
            Moment::Sync if staying => self.sync_container(now, key, queue),
            Moment::Start | Moment::Ready | Moment::Sync => {}
        }
    }

    /// The container runs: its process warms up, and its probes begin.
    fn start_container(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let pod = &self.pods[key];
        let Some(node) = pod.node.filter(|_| pod.stage == Stage::Starting) else {
            return;
        };
        let round = u64::from(pod.container.restarts) * DRAWS_PER_START;
        let u = |k| self.pod_draw(pod, Purpose::PodStart, round + k);
        let (u_status, u_warm, u_crash) = (u(3), u(4), u(5));
        let model = pod
            .service
            .map(|service| &self.scenario.services[service.index()]);
        let micros = |dist: &crate::des::Dist, u| SimDuration::from_micros(dist.quantile(u) as u64);
        let answers = now
            + model.map_or(SimDuration::ZERO, |model| {
                let disk = self.nodes[node].images.disk();
                let load = model.model_load.map(|load| load.time(disk));
                micros(&model.warmup, u_warm) + load.unwrap_or(SimDuration::ZERO)
            });
        let crash = model.and_then(|model| model.crash_after.as_ref());
        let crash = crash.map(|dist| now + micros(dist, u_crash));
        let spec = self.cpu_spec(pod.template, pod.service);
        self.pods[key].cpu = Some(self.cpu.add_pod(now, node.slot(), spec));
        let pod = &mut self.pods[key];
        pod.stage = Stage::Warming;
        let container = &mut pod.container;
        (container.started, container.answers) = (Some(now), answers);
        container.worked_off = 0;
        let workers = container.workers.as_mut();
        let light = workers.map(|workers| workers.first_light(now, answers));
        self.retime_cpu(now, queue);
        self.book_memory(now, key, queue);
        self.housekeep(now, key, queue);
        let killed = light.and_then(|light| light.killed);
        if let Some((at, kind)) = killed {
            self.pods[key].container.condemned = Some(end_by(kind));
            self.await_moment(key, Moment::Condemned, at, queue);
        }
        if killed.is_none_or(|(at, _)| answers <= at) {
            self.await_moment(key, Moment::Answer, answers, queue);
        }
        if let Some(ready) = light.and_then(|light| light.ready) {
            let known = ready + TIMING.status_update.at(u_status);
            self.await_moment(key, Moment::Ready, known, queue);
        }
        if let Some(at) = crash {
            self.await_moment(key, Moment::Crash, at, queue);
        }
        if let Some(service) = self.pods[key].service {
            self.turn_clock(now, service);
        }
    }

    /// The process has warmed up.
    fn container_answers(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let pod = &mut self.pods[key];
        if pod.stage != Stage::Warming {
            return;
        }
        pod.stage = Stage::Running;
        let Some(service) = pod.service else { return };
        self.turn_clock(now, service);
        if self.scenario.services[service.index()].consumes.is_some() {
            self.poll_queue(now, key, queue);
        }
    }

    /// A probe has come to the verdict that the container must be started anew.
    pub(super) fn condemn(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        by: ProbeKind,
        queue: &mut Queue,
    ) {
        let pod = &mut self.pods[key];
        if pod.deleting.is_none() && pod.container.condemned.is_none() {
            pod.container.condemned = Some(end_by(by));
            self.stop_container(now, key, queue);
        }
    }

    /// The kubelet stops a condemned container: preStop, SIGTERM, and SIGKILL when the grace is over.
    fn stop_container(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let pod = &self.pods[key];
        if pod.deleting.is_some() || !pod.runs() {
            return;
        }
        let shape = self.scenario.template(pod.template);
        let probe = match pod.container.condemned {
            Some(ContainerEnd::StartupProbe) => shape.probes.startup,
            _ => shape.probes.liveness,
        };
        let own = probe.and_then(|probe| probe.grace);
        let grace = own.unwrap_or(shape.termination_grace);
        let stop = Stop::new(grace, shape.pre_stop, &TIMING);
        self.await_moment(key, Moment::Sigterm, now + stop.sigterm, queue);
        self.await_moment(key, Moment::Sigkill, now + stop.sigkill, queue);
    }

    /// A container that was told to stop has gone: with its pod, or to be started anew.
    pub(super) fn container_stopped(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let pod = &self.pods[key];
        match pod.container.condemned {
            Some(end) if pod.deleting.is_none() => self.end_container(now, key, end, queue),
            _ => self.exit_pod(now, key, queue),
        }
    }

    /// A container ends while its pod stays: what it worked on is lost, and the kubelet will start it again.
    pub(super) fn end_container(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        end: ContainerEnd,
        queue: &mut Queue,
    ) {
        if !self.pods[key].runs() {
            return;
        }
        if self.pods[key].deleting.is_some() {
            self.exit_pod(now, key, queue);
            return;
        }
        let was_ready = self.pods[key].is_ready();
        self.pods[key].stage = Stage::Starting;
        self.release_cpu(now, key, queue);
        self.drop_requests(now, key, queue);
        self.note_pod(now, key, Decision::ContainerEnded(end));
        let pod = &mut self.pods[key];
        (pod.sigterm, pod.in_flight) = (false, None);
        let container = &mut pod.container;
        container.stop();
        // The sync that kills a container itself knows of the end before only.
        let by_kubelet = matches!(
            end,
            ContainerEnd::LivenessProbe | ContainerEnd::StartupProbe
        );
        container.seen_end = if by_kubelet {
            container.ended
        } else {
            Some(now)
        };
        container.ended = Some(now);
        if let Some(service) = pod.service {
            let state = &mut self.services[service.index()];
            state.pollers.retain(|&other| other != key);
            state.ends.count(end);
        }
        if was_ready {
            self.set_ready(now, key, false, queue);
        }
        self.expect_checks(now, key, queue);
        let pod = &self.pods[key];
        let seen = if by_kubelet {
            now
        } else {
            let round = u64::from(pod.container.restarts) * DRAWS_PER_START;
            now + TIMING
                .relist
                .at(self.pod_draw(pod, Purpose::PodStart, round + 6))
        };
        self.await_moment(key, Moment::Sync, seen, queue);
    }

    /// The kubelet syncs a pod whose container does not run.
    fn sync_container(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let pod = &self.pods[key];
        if pod.stage != Stage::Starting {
            return;
        }
        let round = u64::from(pod.container.restarts) * DRAWS_PER_START;
        let u_again = self.pod_draw(pod, Purpose::Phase, now.as_micros());
        let u_start = self.pod_draw(pod, Purpose::PodStart, round + DRAWS_PER_START + 2);
        let rules = RestartRules::of(self.scenario.cluster.kubernetes_minor);
        let container = &mut self.pods[key].container;
        let seen = std::mem::replace(&mut container.seen_end, container.ended);
        match container.crash_loop.sync(now, seen, &rules, u_again) {
            Restart::Now => {
                container.restarts += 1;
                let at = now + TIMING.container_start.at(u_start);
                self.await_moment(key, Moment::Start, at, queue);
            }
            Restart::Later(at) => {
                let backoff = container.crash_loop.backoff();
                self.note_pod(now, key, Decision::BacksOff { backoff });
                self.await_moment(key, Moment::Sync, at, queue);
            }
        }
    }

    /// The scenario lets containers of a service end: of the pods that were born first.
    pub(super) fn crash(&mut self, now: SimTime, service: ServiceId, pods: u32, queue: &mut Queue) {
        let own = self.services[service.index()].pods.iter();
        let running = own.filter(|&&key| {
            let pod = &self.pods[key];
            pod.runs() && pod.deleting.is_none()
        });
        let crashing: Vec<_> = running.take(pods as usize).copied().collect();
        for key in crashing {
            self.end_container(now, key, ContainerEnd::Crashed, queue);
        }
    }
}

/// How a container ends that this probe condemns.
const fn end_by(probe: ProbeKind) -> ContainerEnd {
    match probe {
        ProbeKind::Startup => ContainerEnd::StartupProbe,
        ProbeKind::Liveness | ProbeKind::Readiness => ContainerEnd::LivenessProbe,
    }
}
