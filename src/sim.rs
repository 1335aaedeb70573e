//! Where everything meets: one run is a pure function of a scenario and a seed.
//!
//! Controllers decide, [`World`] does: it owns the tables, hands each controller what it may see, applies what it answers, and posts
//! what follows as events. Its methods stand in one file per noun: `thread` and `request` are the citizens' side, `health` the load balancer's, `job` the queues',
//! `pod`, `container`, `probe`, `memory`, `scheduling` and `scaling` Kubernetes', `provisioner`, `static_pools`, `launch`, `liveness`, `disruption`, `drift`, `fault`,
//! `instance` and `drain` Karpenter's and EC2's, `script` the scenario's, `book` and `bill` the
//! accountants'.
//!
//! Events at one instant happen in the order of their [`Class`](crate::des::Class): departures, environment, kubelets, controllers,
//! scheduler, sampling (spec/kubernetes.md 10.3).

mod auto_scaling;
mod autoscaler;
mod bill;
mod book;
mod charges;
mod container;
mod disruption;
mod drain;
mod drift;
mod event;
mod fault;
mod group;
mod group_update;
mod health;
mod instance;
mod job;
mod journal;
mod karpenter;
mod launch;
mod liveness;
mod memory;
mod node;
mod outcome;
mod pod;
mod preemption;
mod probe;
mod provisioner;
mod request;
mod reservation;
mod rollout;
mod scaling;
mod scheduling;
mod script;
mod service;
mod sources;
mod start;
mod static_pools;
mod thread;
mod use_log;
mod zone;

use std::collections::VecDeque;

use crate::api::Symbol;
use crate::cloud::SpotMarket;
use crate::cloud::market::{Outage, Pool};
use crate::cloud::prices::PriceList;
use crate::cluster::cpu::{CpuSlot, CpuTable};
use crate::cluster::{Key, Table, TemplateId};
use crate::des::{EventQueue, Limits, Model, SimTime, Stop, run as drive};
use crate::karpenter::disruption::ClusterState;
use crate::kube::pdb::Pdb;
use crate::kube::rate::TokenBucket;
use crate::kube::scheduler::{Cache, SchedulingQueue};
use crate::metrics::series::SeriesRecorder;
use crate::metrics::{Journal, RunResult, StarvationLedger};
use crate::scenario::model::Scenario;

use auto_scaling::AutoScalingGroup;
use autoscaler::ClusterAutoscaler;
use bill::Ledger;
use book::{Counters, LoadBalancerMeter};
use event::Event;
use job::Message;
use karpenter::Karpenter;
use node::Node;
use pod::Pod;
use request::Request;
use service::{JourneyState, QueueState, ServiceState};
use sources::Sources;
use thread::{Fork, Thread};

type Queue = EventQueue<Event>;

/// More events than this and a run is cut short.
const EVENTS_MAX: u64 = 20_000_000_000;
/// More events at one instant than this are a loop.
const EVENTS_PER_INSTANT_MAX: u32 = 10_000_000;

/// A spot pool that has instances of ours.
#[derive(Clone, Copy, Debug)]
struct Watch {
    pool: Pool,
    /// The outage whose beginning is posted.
    outage: Option<Outage>,
}

/// The state of a run.
struct World<'s> {
    scenario: &'s Scenario,
    seed: u64,
    start_utc: jiff::civil::DateTime,

    sources: Sources<'s>,
    threads: Table<Thread>,
    forks: Table<Fork>,
    requests: Table<Request>,
    messages: Table<Message>,
    /// By step: calls by deadline.
    deadlines: Vec<VecDeque<(SimTime, Key<Request>)>>,
    services: Vec<ServiceState>,
    queues: Vec<QueueState>,
    journeys: Vec<JourneyState>,
    /// By service: what its load balancer has handled.
    meters: Vec<LoadBalancerMeter>,

    pods: Table<Pod>,
    /// Pods ever created, by template.
    born: Vec<u64>,
    nodes: Table<Node>,
    /// Nodes ever made.
    nodes_made: u32,
    cpu: CpuTable,
    /// By CPU slot: which timing of its departure is valid.
    cpu_timing: Vec<u32>,
    changed_slots: Vec<CpuSlot>,

    scheduler: Cache<'s>,
    scheduling: SchedulingQueue,
    scheduler_alarm: Option<SimTime>,
    /// When the scheduler's present cycle ends.
    scheduler_free: SimTime,
    /// Lets bindings and statuses through.
    scheduler_client: TokenBucket,
    replicaset_client: TokenBucket,
    pdbs: Vec<Pdb>,

    autoscaler: Option<ClusterAutoscaler<'s>>,
    /// By node group.
    groups: Vec<AutoScalingGroup>,
    /// By source of metrics: until when it does not answer.
    outages: [SimTime; 3],
    /// Zones without power, and until when.
    dark_zones: Vec<(Symbol, SimTime)>,
    karpenter: Option<Karpenter<'s>>,
    cluster_state: ClusterState,
    consolidation_touched: bool,
    disruption_alarm: Option<SimTime>,
    daemon_templates: Vec<TemplateId>,
    market: SpotMarket,
    watched: Vec<Watch>,
    /// Values of `karpenter.sh/capacity-type`, by [`crate::cloud::CapacityType`].
    capacity_type_symbols: [Symbol; 3],

    layers: Vec<String>,
    price_list: PriceList,
    ledger: Ledger,
    starvation: StarvationLedger,
    series: SeriesRecorder,
    counters: Counters,
    /// What was decided and why, if anybody wants to know.
    journal: Option<Journal>,
}

/// Runs a scenario under a seed. `progress` is told the simulated time now and then.
#[must_use]
pub fn run(scenario: &Scenario, seed: u64, progress: impl FnMut(SimTime)) -> RunResult {
    let horizon = SimTime::ZERO + scenario.duration;
    simulate(World::new(scenario, seed), horizon, progress).0
}

/// Runs a scenario under a seed until `until` at the latest, and writes down why everything was decided as it was. Nothing is decided
/// otherwise for that.
#[must_use]
pub fn recorded(
    scenario: &Scenario,
    seed: u64,
    journal: Journal,
    until: SimTime,
    progress: impl FnMut(SimTime),
) -> (RunResult, Journal) {
    let world = World {
        journal: Some(journal),
        ..World::new(scenario, seed)
    };
    let horizon = until.min(SimTime::ZERO + scenario.duration);
    let (result, journal) = simulate(world, horizon, progress);
    (result, journal.expect("a journal that was given is kept"))
}

fn simulate(
    mut world: World<'_>,
    horizon: SimTime,
    mut progress: impl FnMut(SimTime),
) -> (RunResult, Option<Journal>) {
    let mut queue = Queue::new();
    world.begin(&mut queue);
    let limits = Limits {
        horizon,
        events_max: EVENTS_MAX,
        events_per_instant_max: EVENTS_PER_INSTANT_MAX,
    };
    let outcome = drive(&mut world, &mut queue, &limits, |now, _| progress(now));
    let (until, stopped_early) = match outcome.stop {
        Stop::Drained | Stop::Horizon => (horizon, None),
        Stop::EventLimit => (
            outcome.at,
            Some(format!("the limit of {EVENTS_MAX} events")),
        ),
        Stop::InstantLimit { at } => (at, Some(format!("{EVENTS_PER_INSTANT_MAX} events at {at}"))),
    };
    let mut journal = world.journal.take();
    if let Some(journal) = &mut journal {
        journal.finish(until);
    }
    (world.finish(until, outcome.events, stopped_early), journal)
}

impl Model for World<'_> {
    type Event = Event;

    fn handle(&mut self, now: SimTime, event: Event, queue: &mut Queue) {
        match event {
            Event::CpuDone { slot, timing } => self.cpu_done(now, slot, timing, queue),
            Event::WaitDone(request) => self.wait_done(now, request, queue),
            Event::Arrive(source) => self.arrive(now, source, queue),
            Event::Resume(thread) => self.resume(now, thread, queue),
            Event::BatchDone(pod) => self.batch_done(now, pod, queue),
            Event::Deadlines(step) => self.deadlines(now, step, queue),
            Event::ConnectTimeouts(service) => self.connect_timeouts(now, service, queue),
            Event::MessagesVisible(id) => self.messages_visible(now, id, queue),
            Event::Bound(pod) => self.pod_bound(now, pod, queue),
            Event::Container(pod, moment) => self.container_moment(now, pod, moment, queue),
            Event::Pressure(node) => self.pressure(now, node, queue),
            Event::Probe(pod, kind) => self.probe(now, pod, kind, queue),
            Event::ProbeTimeout(pod, kind) => self.probe_timeout(now, pod, kind, queue),
            Event::PodListed(pod) => self.pod_listed(now, pod, queue),
            Event::PodUnlisted(pod) => self.pod_unlisted(now, pod, queue),
            Event::Deregistered(pod) => self.deregistered(now, pod, queue),
            Event::HealthCheck { pod, zone } => self.health_check(now, pod, zone, queue),
            Event::CheckTimedOut(request) => self.check_timed_out(now, request, queue),
            Event::PodSigterm(pod) => self.pod_sigterm(now, pod, queue),
            Event::PodKilled(pod) => self.pod_killed(now, pod, queue),
            Event::PodRemoved(pod) => self.pod_removed(now, pod, queue),
            Event::PodAvailable(service) => self.go_on_rolling(now, service, queue),
            Event::CreatePod(service) => self.replica_created(now, service, queue),
            Event::Schedule => self.schedule(now, queue),
            Event::Scrape => self.scrape(now, queue),
            Event::HpaSync(service) => self.hpa_sync(now, service, queue),
            Event::KedaPoll(service) => self.keda_poll(now, service, queue),
            Event::Launch(node) => self.launch(now, node, queue),
            Event::Register(node) => self.node_registered(now, node),
            Event::NodeReady(node) => self.node_ready(now, node, queue),
            Event::DevicesReady(node) => self.devices_ready(now, node, queue),
            Event::Drain(node) => self.drain(now, node, queue),
            Event::InstanceGone(node) => self.instance_gone(now, node, queue),
            Event::Deadline(node) => self.deadline(now, node, queue),
            Event::Announced(node, kind) => self.announced(now, node, kind, queue),
            Event::IllnessSeen(node, condition) => self.illness_seen(now, node, condition, queue),
            Event::TaintEviction(node) => self.taint_eviction(now, node, queue),
            Event::Repair(node) => self.repair(now, node, queue),
            Event::StaticPool(place) => self.static_pool(now, place, queue),
            Event::ReplaceNode(group) => self.replace_nodes(now, group as usize, queue),
            Event::GroupUpdate(group) => self.group_update(now, group as usize, queue),
            Event::NodeUnknown(node) => self.node_unknown(now, node, queue),
            Event::NodeForgotten(node) => self.node_forgotten(now, node, queue),
            Event::ZoneBack => self.zone_back(now, queue),
            Event::AutoscalerLoop => self.autoscaler_loop(now, queue),
            Event::RemoveNode(node) => self.remove_node(now, node, queue),
            Event::Batch => self.batch(now, queue),
            Event::Retrigger => self.retrigger(now, queue),
            Event::Disrupt => self.disrupt(now, queue),
            Event::DisruptionQueue => self.disruption_queue(now, queue),
            Event::Scripted(place) => self.scripted(now, place, queue),
            Event::ImagesSeen(family) => self.images_seen(now, family),
            Event::ReservationEnded(place) => self.reservation_ended(now, place, queue),
            Event::PoolDown(place) => self.pool_down(now, place, queue),
            Event::SpotNotice(node) => self.spot_notice(now, node, queue),
            Event::SpotReclaim(node) => self.spot_reclaim(now, node, queue),
            Event::Sample => self.sample_due(now, queue),
            Event::HourEnds => self.hour_ends(now, queue),
        }
    }
}
