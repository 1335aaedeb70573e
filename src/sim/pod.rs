//! A pod's life: created, bound, started, listed, terminated, gone.

use crate::api::Symbol;
use crate::cluster::cpu::{CpuPodSpec, CpuSlot};
use crate::cluster::{Key, TemplateId};
use crate::des::{Class, Purpose, SimDuration, SimTime};
use crate::karpenter::termination::Attempts;
use crate::kube::endpoints::{CLUSTER_IP, DEREGISTRATION, registration};
use crate::kube::hpa::Readiness;
use crate::kube::kubelet::{Stop, TIMING, Workers};
use crate::kube::metrics_server::{CpuWindow, Sample};
use crate::kube::phase::PodPhase;
use crate::kube::scheduler::{ClusterEvent, Failure};
use crate::metrics::PendingCause;
use crate::metrics::journal::{Decision, Removal};
use crate::scenario::model::ServiceId;
use crate::workload::{Discipline, Line, TargetId};

use super::container::{Container, DRAWS_PER_START, Moment};
use super::event::Event;
use super::node::Node;
use super::request::Request;
use super::rollout::ReplicaSet;
use super::{Queue, World};

/// Where in its life a pod is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Waits for a node.
    Pending,
    /// Has a node; its container does not run yet, or not again.
    Starting,
    /// Its container runs and does not answer yet.
    Warming,
    /// Answers.
    Running,
    /// Its node has died: nothing in it moves, and nobody has said so.
    Silent,
    /// Its containers have exited; the object is still there.
    Exited,
}

/// A pod.
#[derive(Clone, Debug)]
pub(super) struct Pod {
    pub(super) template: TemplateId,
    pub(super) service: Option<ServiceId>,
    /// The revision of its Deployment that it is of; 0 for a DaemonSet's.
    pub(super) revision: u32,
    image: Symbol,
    /// The node a DaemonSet's pod belongs to.
    pub(super) pinned: Option<Key<Node>>,
    /// Random, fixed for life.
    pub(super) uid: u128,
    /// How many pods of its service were born before it.
    pub(super) ordinal: u64,
    pub(super) created: SimTime,
    pub(super) stage: Stage,
    pub(super) node: Option<Key<Node>>,
    pub(super) bound_at: Option<SimTime>,
    pub(super) readiness: Option<Readiness>,
    pub(super) deleting: Option<SimTime>,
    /// Whether it has been told to stop.
    pub(super) sigterm: bool,
    pub(super) container: Container,
    pub(super) cpu: Option<CpuSlot>,
    /// Bytes its container takes.
    pub(super) memory: u64,
    pub(super) server: Server,
    pub(super) usage: CpuWindow,
    /// Bytes it took when its kubelet had looked last before the last scrape.
    pub(super) memory_sample: Option<Sample>,
    /// Requests in it at the last scrape, in thousandths.
    pub(super) in_flight: Option<Sample>,
    pub(super) waiting: PendingLog,
    /// What its condition says of the last attempt to place it.
    pub(super) refusal: Option<Failure>,
    /// The node whose victims it waits for.
    pub(super) nominated: Option<Key<Node>>,
    /// Refused evictions.
    pub(super) attempts: Attempts,
    /// Whether whoever sends work knows it.
    pub(super) listed: bool,
    /// The zones whose node of the load balancer is to check it, as bits.
    pub(super) checks: u16,
}

/// What a pod works on.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// Requests that hold a slot.
    pub(super) in_service: u32,
    /// Requests that wait for one.
    pub(super) waiting: Line<Key<Request>>,
    /// Requests that wait for the accelerator.
    pub(super) batch_waiting: Vec<Key<Request>>,
    /// Requests on the accelerator.
    pub(super) batch: Vec<Key<Request>>,
    /// Whether it stands in the line of those who poll an empty queue.
    pub(super) polling: bool,
}

impl Server {
    fn new(discipline: Discipline) -> Self {
        Self {
            in_service: 0,
            waiting: Line::new(discipline),
            batch_waiting: Vec::new(),
            batch: Vec::new(),
            polling: false,
        }
    }

    /// Nothing is worked on any more, and nothing waits.
    pub(super) fn clear(&mut self) {
        *self = Self::new(Discipline::Fifo);
    }

    pub(super) fn outstanding(&self) -> u32 {
        self.in_service + self.waiting.len() as u32
    }
}

/// For what a pod has been Pending, and how long.
#[derive(Clone, Debug)]
pub(super) struct PendingLog {
    pub(super) cause: PendingCause,
    since: SimTime,
    spans: Vec<(PendingCause, SimDuration)>,
}

impl PendingLog {
    fn new(now: SimTime) -> Self {
        Self {
            cause: PendingCause::BatchWindow,
            since: now,
            spans: Vec::new(),
        }
    }

    /// From now on it waits for this.
    pub(super) fn turn_to(&mut self, now: SimTime, cause: PendingCause) {
        let span = now.since(self.since);
        match self
            .spans
            .iter_mut()
            .find(|(known, _)| *known == self.cause)
        {
            Some((_, sum)) => *sum += span,
            None => self.spans.push((self.cause, span)),
        }
        (self.cause, self.since) = (cause, now);
    }

    /// The wait is over: how long it was for each cause.
    fn close(&mut self, now: SimTime) -> Vec<(PendingCause, SimDuration)> {
        self.turn_to(now, self.cause);
        std::mem::take(&mut self.spans)
    }
}

impl Pod {
    /// Whether it answers calls, told to stop or not.
    pub(super) fn serves(&self) -> bool {
        self.stage == Stage::Running
    }

    /// Whether whoever sends work knows it.
    pub(super) fn is_listed(&self) -> bool {
        self.listed
    }

    /// Whether its container runs.
    pub(super) fn runs(&self) -> bool {
        matches!(self.stage, Stage::Warming | Stage::Running)
    }

    /// Whether it takes messages.
    pub(super) fn takes_messages(&self) -> bool {
        self.stage == Stage::Running && self.listed && !self.sigterm
    }

    /// Whether its ReplicaSet counts it.
    pub(super) fn is_active(&self) -> bool {
        self.deleting.is_none() && self.stage != Stage::Exited
    }

    pub(super) fn is_ready(&self) -> bool {
        let ready = self.readiness.is_some_and(|readiness| readiness.ready);
        let runs = matches!(self.stage, Stage::Warming | Stage::Running | Stage::Silent);
        runs && ready && self.deleting.is_none()
    }

    pub(super) fn phase(&self) -> PodPhase {
        match self.stage {
            Stage::Starting if self.container.restarts > 0 || self.container.has_ended() => {
                PodPhase::Running
            }
            Stage::Pending | Stage::Starting => PodPhase::Pending,
            Stage::Warming | Stage::Running | Stage::Silent | Stage::Exited => PodPhase::Running,
        }
    }
}

impl World<'_> {
    /// A controller creates a pod.
    pub(super) fn create_pod(
        &mut self,
        now: SimTime,
        template: TemplateId,
        of: Option<(ServiceId, ReplicaSet)>,
        pinned: Option<Key<Node>>,
        queue: &mut Queue,
    ) {
        let service = of.map(|(service, _)| service);
        let ordinal = self.born[template.index()];
        self.born[template.index()] += 1;
        let entity = u64::from(template.0) << 40 | ordinal;
        let key = self.draw(Purpose::PodUid, entity);
        let discipline = service.map_or(Discipline::Fifo, |service| {
            self.scenario.services[service.index()].discipline.clone()
        });
        let pod = Pod {
            template,
            service,
            revision: of.map_or(0, |(_, set)| set.revision),
            image: of.map_or(self.scenario.template(template).image, |(_, set)| set.image),
            pinned,
            uid: u128::from(key.bits(0)) << 64 | u128::from(key.bits(1)),
            ordinal,
            created: now,
            stage: Stage::Pending,
            node: None,
            bound_at: None,
            readiness: None,
            deleting: None,
            sigterm: false,
            container: Container::default(),
            cpu: None,
            memory: 0,
            server: Server::new(discipline),
            usage: CpuWindow::default(),
            memory_sample: None,
            in_flight: None,
            waiting: PendingLog::new(now),
            refusal: None,
            nominated: None,
            attempts: Attempts::default(),
            listed: false,
            checks: 0,
        };
        let key = self.pods.insert(pod);
        if let Some(service) = service {
            self.services[service.index()].pods.push(key);
            self.turn_clock(now, service);
        }
        self.note_created(now, key);
        let priority = self.scenario.template(template).priority;
        self.scheduling.add(key.slot(), template, priority, now);
        self.poke_scheduler(now, queue);
    }

    pub(super) fn pod_draw(&self, pod: &Pod, purpose: Purpose, k: u64) -> f64 {
        self.draw(purpose, u64::from(pod.template.0) << 40 | pod.ordinal)
            .uniform(k)
    }

    /// A pod is bound: the kubelet pulls its image and starts it.
    pub(super) fn pod_bound(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let Some(pod) = self.pods.get(key) else {
            return;
        };
        let works = |node: &Key<Node>| self.nodes.get(*node).is_some_and(|node| !node.terminated);
        let Some(node) = pod
            .node
            .filter(|node| pod.deleting.is_none() && works(node))
        else {
            return;
        };
        let u = |k| self.pod_draw(pod, Purpose::PodStart, k);
        let (template, image) = (self.scenario.template(pod.template), pod.image);
        let needed = now + TIMING.before_pull(u(0), u(1));
        let u_pull = self.pod_draw(pod, Purpose::ImagePull, 0);
        let (u_start, admitted) = (u(2), now + TIMING.watch.at(u(0)));
        let offsets = [u(60), u(61), u(62)];
        let Some(row) = self.nodes.get_mut(node) else {
            return;
        };
        let kubelet_start = row.registered.unwrap_or(SimTime::ZERO);
        if !row.images.has(needed, image) {
            self.counters.image_bytes += template.image_bytes;
        }
        let pulled = row
            .images
            .need(needed, image, template.image_bytes, u_pull, &TIMING);
        let workers = Workers::new(&template.probes, admitted, kubelet_start, offsets);
        self.pods[key].container.admit(workers);
        let start = pulled + TIMING.container_start.at(u_start);
        self.await_moment(key, Moment::Start, start, queue);
        self.scheduler
            .add_image(node.slot(), image, template.image_bytes);
        self.stamp_pod_event(now, node, key);
    }

    /// A pod's Ready condition changes: whoever sends it work, or sends it none any more, learns of it in time.
    pub(super) fn set_ready(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        ready: bool,
        queue: &mut Queue,
    ) {
        let since = now;
        self.pods[key].readiness = Some(Readiness { ready, since });
        if ready {
            self.note_pod(now, key, Decision::Running);
        }
        let Some(service) = self.pods[key].service else {
            return;
        };
        self.count_ready(now, service);
        self.turn_clock(now, service);
        let pod = &self.pods[key];
        let round = u64::from(pod.container.restarts) * DRAWS_PER_START;
        let u = |k: u64| self.pod_draw(pod, Purpose::PodStart, round + k);
        let model = &self.scenario.services[service.index()];
        if !ready {
            let at = now + self.unlisting(key, u(13));
            queue.push(at, Class::Kubelet, Event::PodUnlisted(key));
            self.go_on_rolling(now, service, queue);
            return;
        }
        let at = if model.consumes.is_some() {
            now
        } else if let Some(ingress) = &model.ingress {
            // The load balancer's own checks fail as long as nobody answers them.
            let checked = now.max(pod.container.answers());
            checked + registration(ingress.target_group.health_check, u(10), u(11), u(12))
        } else {
            now + CLUSTER_IP.at(u(10))
        };
        self.await_available(now, service, queue);
        queue.push(at, Class::Kubelet, Event::PodListed(key));
    }

    /// From a change of a pod's readiness, or its deletion, to the last work sent to it.
    fn unlisting(&self, key: Key<Pod>, u: f64) -> SimDuration {
        let service = self.pods[key].service;
        let model = service.map(|service| &self.scenario.services[service.index()]);
        if model.is_some_and(|model| model.ingress.is_some()) {
            DEREGISTRATION.at(u)
        } else {
            CLUSTER_IP.at(u)
        }
    }

    pub(super) fn cpu_spec(&self, template: TemplateId, service: Option<ServiceId>) -> CpuPodSpec {
        let shape = self.scenario.template(template);
        let (threads, idle_millis) = match service {
            Some(service) => {
                let model = &self.scenario.services[service.index()];
                (model.threads, model.idle_cpu)
            }
            None => (
                1,
                self.scenario
                    .cluster
                    .daemons
                    .iter()
                    .find(|daemon| daemon.template == template)
                    .map_or(0, |daemon| daemon.idle_cpu),
            ),
        };
        CpuPodSpec {
            template: template.index(),
            qos: shape.qos,
            request_millis: shape.requests[crate::api::Resource::Cpu],
            limit_millis: shape.cpu_limit,
            threads,
            idle_millis,
        }
    }

    /// Work comes to a pod from now on.
    pub(super) fn pod_listed(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let Some(pod) = self.pods.get_mut(key).filter(|pod| pod.is_ready()) else {
            return;
        };
        pod.listed = true;
        let Some(service) = pod.service else { return };
        if self.scenario.services[service.index()].consumes.is_none() {
            self.services[service.index()]
                .targets
                .register(now, TargetId(key.slot()));
        } else {
            self.poll_queue(now, key, queue);
        }
    }

    /// No new work comes to a pod any more, unless it is Ready again.
    pub(super) fn pod_unlisted(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let gone = |pod: &&mut Pod| pod.listed && !(pod.is_ready() && pod.stage != Stage::Silent);
        let Some(pod) = self.pods.get_mut(key).filter(gone) else {
            return;
        };
        pod.listed = false;
        let Some(service) = pod.service else { return };
        self.services[service.index()]
            .targets
            .deregister(TargetId(key.slot()));
        if let Some(ingress) = &self.scenario.services[service.index()].ingress {
            let over = now + ingress.target_group.deregistration_delay;
            queue.push(over, Class::Environment, Event::Deregistered(key));
        }
    }

    /// A pod is deleted: evicted, scaled down, or with its node.
    pub(super) fn terminate_pod(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let Some(pod) = self.pods.get_mut(key).filter(|pod| pod.deleting.is_none()) else {
            return;
        };
        pod.deleting = Some(now);
        let (stage, service, template, node) = (pod.stage, pod.service, pod.template, pod.node);
        if let Some(node) = node {
            self.stamp_pod_event(now, node, key);
        }
        match stage {
            Stage::Pending => self.discard_pending(now, key),
            Stage::Exited => {}
            Stage::Silent => self.scheduler.mark_terminating(key.slot()),
            Stage::Starting => {
                self.scheduler.mark_terminating(key.slot());
                self.exit_pod(now, key, queue);
            }
            Stage::Warming | Stage::Running => {
                self.scheduler.mark_terminating(key.slot());
                let shape = self.scenario.template(template);
                let stop = Stop::new(shape.termination_grace, shape.pre_stop, &TIMING);
                let u = self.pod_draw(&self.pods[key], Purpose::PodStart, 20);
                let propagation = self.unlisting(key, u);
                queue.push(now + propagation, Class::Kubelet, Event::PodUnlisted(key));
                queue.push(now + stop.sigterm, Class::Kubelet, Event::PodSigterm(key));
                queue.push(now + stop.sigkill, Class::Kubelet, Event::PodKilled(key));
            }
        }
        if let Some(service) = service {
            self.count_ready(now, service);
            self.turn_clock(now, service);
            self.reconcile(now, service, queue);
        }
    }

    /// A pod that never had a node goes without a trace.
    fn discard_pending(&mut self, now: SimTime, key: Key<Pod>) {
        self.scheduling.remove(key.slot());
        self.scheduler.clear_nomination(key.slot());
        self.book_placement(now, key);
        self.forget_pod(key);
    }

    /// A pod is told to stop: it takes no new messages and leaves when its last request has been answered.
    pub(super) fn pod_sigterm(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let Some(pod) = self.pods.get_mut(key).filter(|pod| pod.runs()) else {
            return;
        };
        pod.sigterm = true;
        self.leave_if_drained(now, key, queue);
    }

    /// A pod that has been told to stop leaves once nothing is in hand.
    pub(super) fn leave_if_drained(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let pod = &self.pods[key];
        if pod.sigterm && pod.runs() && pod.server.outstanding() == 0 {
            self.container_stopped(now, key, queue);
        }
    }

    /// The grace period is over.
    pub(super) fn pod_killed(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        if self.pods.get(key).is_some_and(Pod::runs) {
            self.exit_pod(now, key, queue);
        }
    }

    /// A pod dies with its node.
    pub(super) fn lose_pod(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let Some(pod) = self.pods.get(key) else {
            return;
        };
        let (service, was_active) = (pod.service, pod.deleting.is_none());
        self.note_removed(now, key, Removal::NodeGone);
        self.pods[key].deleting.get_or_insert(now);
        if was_active && service.is_some() {
            self.counters.pods_lost += 1;
        }
        if self.pods[key].stage != Stage::Exited {
            self.exit_pod(now, key, queue);
        }
        if let Some(service) = service.filter(|_| was_active) {
            self.reconcile(now, service, queue);
        }
    }

    /// The containers are gone; what they worked on is lost.
    pub(super) fn exit_pod(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        self.pods[key].stage = Stage::Exited;
        self.release_cpu(now, key, queue);
        self.drop_requests(now, key, queue);
        let pod = &self.pods[key];
        let removal = TIMING.removal.at(self.pod_draw(pod, Purpose::PodStart, 30));
        queue.push(now + removal, Class::Kubelet, Event::PodRemoved(key));
        if let Some(service) = pod.service {
            self.count_ready(now, service);
            self.turn_clock(now, service);
        }
    }

    /// A pod has no CPU and no memory any more; what it used is booked.
    pub(super) fn release_cpu(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        if let Some(slot) = self.pods[key].cpu.take() {
            let used = self.cpu.used(now, slot);
            if let Some(service) = self.pods[key].service {
                self.services[service.index()].cpu_used += used;
            }
            self.cpu.remove_pod(now, slot);
            self.next_timing(slot);
            self.retime_cpu(now, queue);
        }
        self.book_memory(now, key, queue);
    }

    /// The pod object disappears; its node has room again.
    pub(super) fn pod_removed(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        if self.pods.get(key).is_none() {
            return;
        }
        self.pod_unlisted(now, key, queue);
        let (template, node) = (self.pods[key].template, self.pods[key].node);
        if let Some(node) = node {
            self.scheduler.remove_pod(key.slot());
            self.unplace(now, key, node);
            self.tell_scheduler(now, &ClusterEvent::PodGone(template), queue);
        }
        let service = self.pods[key].service;
        self.forget_pod(key);
        if let Some(service) = service {
            self.go_on_rolling(now, service, queue);
        }
        if let Some(node) = node {
            self.look_at_drain(now, node, queue);
        }
    }

    fn forget_pod(&mut self, key: Key<Pod>) {
        let pod = self.pods.remove(key);
        if let Some(service) = pod.service {
            self.services[service.index()]
                .pods
                .retain(|&other| other != key);
        }
        self.touch_consolidation();
    }

    /// The wait for a node is over: books it if it was long.
    pub(super) fn book_placement(&mut self, now: SimTime, key: Key<Pod>) {
        let pod = &mut self.pods[key];
        let spans = pod.waiting.close(now);
        self.starvation
            .pod_placed(pod.template.index(), pod.created, now, &spans);
    }

    pub(super) fn count_ready(&mut self, now: SimTime, service: ServiceId) {
        let state = &self.services[service.index()];
        let ready = state
            .pods
            .iter()
            .filter(|&&key| self.pods[key].is_ready())
            .count() as u32;
        self.services[service.index()].ready.set(now, ready);
    }
}
