//! How a run begins: empty tables, node groups at their desired size, every loop at its own phase.

use crate::cloud::market::MarketSettings;
use crate::cloud::prices::PriceList;
use crate::cloud::{CapacityType, SpotMarket};
use crate::cluster::Table;
use crate::cluster::cpu::CpuTable;
use crate::des::{Class, Purpose, SimDuration, SimTime};
use crate::karpenter::disruption::controller::POLL;
use crate::karpenter::disruption::{ClusterState, NodeId};
use crate::kube::hpa::Hpa;
use crate::kube::hpa::constants::SYNC_PERIOD;
use crate::kube::keda::Keda;
use crate::kube::metrics_server::RESOLUTION;
use crate::kube::pdb::Pdb;
use crate::kube::rate::{CONTROLLER_MANAGER, SCHEDULER, SpamFilter, TokenBucket};
use crate::kube::scheduler::{Cache, Profile, SchedulingQueue};
use crate::metrics::result::ContainerEnds;
use crate::metrics::series::SeriesRecorder;
use crate::metrics::{LatencyRecorder, StarvationLedger};
use crate::scenario::model::{Scaling, Scenario, Service, ServiceId};
use crate::workload::{MessageQueue, QueueConfig, TargetGroup};

use super::auto_scaling::AutoScalingGroup;
use super::autoscaler::ClusterAutoscaler;
use super::bill::Ledger;
use super::book::{Counters, LoadBalancerMeter};
use super::event::Event;
use super::karpenter::Karpenter;
use super::node::Owner;
use super::provisioner::daemon_templates;
use super::rollout::ReplicaSet;
use super::service::{Autoscaler, ClockFace, JourneyState, QueueState, ReadyLevel, ServiceState};
use super::sources::Sources;
use super::{Queue, World};

impl<'s> World<'s> {
    pub(super) fn new(scenario: &'s Scenario, seed: u64) -> Self {
        let profile = Profile::new(scenario.cluster.kubernetes_minor);
        let karpenter = scenario.cluster.karpenter.as_ref();
        let groups = scenario
            .cluster
            .node_groups
            .iter()
            .map(|group| scenario.text(group.spec.name).into_owned());
        let pools = karpenter
            .into_iter()
            .flat_map(|karpenter| &karpenter.pools)
            .map(|pool| format!("NodePool {}", pool.name));
        let layers: Vec<String> = groups.chain(pools).collect();
        let thresholds = scenario
            .services
            .iter()
            .map(|service| service.starvation)
            .collect();
        let mut world = Self {
            scenario,
            seed,
            start_utc: scenario
                .start
                .with_time_zone(jiff::tz::TimeZone::UTC)
                .datetime(),
            sources: Sources::new(scenario, seed),
            threads: Table::default(),
            forks: Table::default(),
            requests: Table::default(),
            messages: Table::default(),
            deadlines: vec![std::collections::VecDeque::new(); scenario.traffic.steps.len()],
            services: scenario
                .services
                .iter()
                .zip(0..)
                .map(|(service, place)| service_state(scenario, service, place, seed))
                .collect(),
            queues: scenario
                .queues
                .iter()
                .map(|queue| queue_state(scenario, queue))
                .collect(),
            journeys: vec![JourneyState::default(); scenario.traffic.journeys.len()],
            meters: vec![LoadBalancerMeter::default(); scenario.services.len()],
            pods: Table::default(),
            born: vec![0; scenario.templates.len()],
            nodes: Table::default(),
            nodes_made: 0,
            cpu: CpuTable::new(scenario.templates.len()),
            cpu_timing: Vec::new(),
            changed_slots: Vec::new(),
            scheduler: Cache::new(&scenario.templates, &scenario.symbols, profile),
            scheduling: SchedulingQueue::new(profile),
            scheduler_alarm: None,
            scheduler_free: SimTime::ZERO,
            scheduler_client: TokenBucket::new(SCHEDULER),
            replicaset_client: TokenBucket::new(CONTROLLER_MANAGER),
            pdbs: scenario.pdbs.iter().map(|pdb| Pdb::new(pdb.spec)).collect(),
            autoscaler: scenario.cluster.autoscaler.as_ref().map(|settings| {
                ClusterAutoscaler::new(settings, scenario.cluster.node_groups.len())
            }),
            outages: [SimTime::ZERO; 3],
            dark_zones: Vec::new(),
            groups: scenario
                .cluster
                .node_groups
                .iter()
                .map(|group| AutoScalingGroup::new(group.spec.desired))
                .collect(),
            karpenter: karpenter.map(|karpenter| {
                Karpenter::new(karpenter, &scenario.cluster.reservations, &scenario.symbols)
            }),
            cluster_state: ClusterState::new(SimTime::ZERO),
            consolidation_touched: false,
            disruption_alarm: None,
            daemon_templates: daemon_templates(scenario),
            market: SpotMarket::new(
                &scenario.catalog,
                &scenario.symbols,
                seed,
                market_settings(scenario),
            ),
            watched: Vec::new(),
            capacity_type_symbols: [
                CapacityType::Reserved,
                CapacityType::Spot,
                CapacityType::OnDemand,
            ]
            .map(|capacity_type| {
                scenario
                    .symbols
                    .get(capacity_type.label())
                    .unwrap_or(crate::api::key::CAPACITY_TYPE)
            }),
            layers: layers.clone(),
            price_list: PriceList::of(&scenario.region),
            ledger: Ledger::new(scenario.cluster.reservations.len()),
            starvation: StarvationLedger::new(
                scenario.starvation.pod,
                thresholds,
                scenario.traffic.categories.len(),
            ),
            series: SeriesRecorder::new(SimDuration::from_secs(1), &[], &[], &[], &[]),
            counters: Counters::default(),
            journal: None,
        };
        let names =
            |of: &dyn Fn(usize) -> String, count: usize| (0..count).map(of).collect::<Vec<_>>();
        let services = names(
            &|place| scenario.services[place].name.clone(),
            scenario.services.len(),
        );
        let queues = names(
            &|place| scenario.queues[place].name.clone(),
            scenario.queues.len(),
        );
        world.series = SeriesRecorder::new(
            scenario.resolution,
            &services,
            &queues,
            &layers,
            &world.cost_layers(),
        );
        world
    }

    /// Posts the first events.
    pub(super) fn begin(&mut self, queue: &mut Queue) {
        let start = SimTime::ZERO;
        for group in 0..self.scenario.cluster.node_groups.len() {
            self.boot_group(group, queue);
        }
        self.watch_reservations(queue);
        for source in 0..self.sources.len() {
            if let Some(at) = self.sources.next_at(source) {
                queue.push(at, Class::Environment, Event::Arrive(source as u16));
            }
        }
        for place in 0..self.services.len() {
            let service = ServiceId(place as u16);
            self.reconcile(start, service, queue);
            self.turn_clock(start, service);
            let phase = |k: u64, period: SimDuration| {
                let u = self.draw(Purpose::Phase, place as u64).uniform(k);
                start + SimDuration::from_secs_f64(period.as_secs_f64() * u)
            };
            match &self.services[place].autoscaler {
                Autoscaler::Fixed => {}
                Autoscaler::Hpa(_) => queue.push(
                    phase(0, SYNC_PERIOD),
                    Class::Controller,
                    Event::HpaSync(service),
                ),
                Autoscaler::Keda(keda, _) => {
                    queue.push(
                        phase(1, keda.spec().polling),
                        Class::Controller,
                        Event::KedaPoll(service),
                    );
                    queue.push(
                        phase(0, SYNC_PERIOD),
                        Class::Controller,
                        Event::HpaSync(service),
                    );
                }
            }
        }
        let scraped = self
            .services
            .iter()
            .any(|state| !matches!(state.autoscaler, Autoscaler::Fixed));
        if scraped {
            queue.push(start + RESOLUTION, Class::Sampling, Event::Scrape);
        }
        for (place, event) in self.scenario.events.iter().enumerate() {
            queue.push(event.at, Class::Environment, Event::Scripted(place as u16));
        }
        self.begin_autoscaler(queue);
        if let Some(karpenter) = &self.karpenter {
            for place in 0..karpenter.model.pools.len() {
                self.wake_static_pool(start, Owner::Pool(place), queue);
            }
            queue.push(start + POLL, Class::Controller, Event::Disrupt);
        }
        queue.push(
            start + self.scenario.resolution,
            Class::Sampling,
            Event::Sample,
        );
        self.first_hour(queue);
    }

    /// A bucket of the time series ends, and the next begins.
    pub(super) fn sample_due(&mut self, now: SimTime, queue: &mut Queue) {
        self.sample(now);
        queue.push(
            now + self.scenario.resolution,
            Class::Sampling,
            Event::Sample,
        );
    }

    /// The number of the next node.
    pub(super) fn next_node_id(&mut self) -> NodeId {
        self.nodes_made += 1;
        NodeId(self.nodes_made - 1)
    }
}

fn market_settings(scenario: &Scenario) -> &MarketSettings {
    &scenario.market.settings
}

fn service_state(scenario: &Scenario, service: &Service, place: u64, seed: u64) -> ServiceState {
    let zones = scenario.cluster.zones.len().max(1);
    let targets = match &service.ingress {
        Some(ingress) => TargetGroup::new(ingress.target_group, zones, seed, place),
        None => TargetGroup::cluster_ip(seed, place),
    };
    let (autoscaler, most) = match &service.scaling {
        Scaling::Fixed => (Autoscaler::Fixed, service.replicas),
        Scaling::Hpa(spec) => (Autoscaler::Hpa(Hpa::new(spec.clone())), spec.max),
        Scaling::Keda(spec) => (
            Autoscaler::Keda(
                Box::new(Keda::new(spec.clone(), SimTime::ZERO)),
                Hpa::new(spec.hpa()),
            ),
            spec.max,
        ),
    };
    ServiceState {
        desired: service.replicas,
        most,
        replica_sets: vec![ReplicaSet {
            revision: 1,
            replicas: service.replicas,
            creating: 0,
            image: scenario.template(service.template).image,
        }],
        events: SpamFilter::default(),
        sized_for: service.replicas,
        syncing: false,
        pods: Vec::new(),
        targets,
        connecting: std::collections::VecDeque::new(),
        pollers: std::collections::VecDeque::new(),
        autoscaler,
        backlog: None,
        recorder: LatencyRecorder::default(),
        begun: 0,
        clocks: ClockFace::default(),
        ready: ReadyLevel::default(),
        scaled_up: 0,
        scaled_down: 0,
        ends: ContainerEnds::default(),
        cpu_used: 0,
    }
}

fn queue_state(scenario: &Scenario, queue: &crate::scenario::model::Queue) -> QueueState {
    let config = QueueConfig {
        visibility_timeout: queue.visibility_timeout,
        retention: queue.retention,
        max_receive_count: queue.max_receive_count,
        ..QueueConfig::STANDARD
    };
    let discipline = &scenario.services[queue.consumer.index()].discipline;
    QueueState::new(MessageQueue::new(config, discipline.clone()))
}
