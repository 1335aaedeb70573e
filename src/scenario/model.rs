//! The resolved scenario: ids, integers and enums; nothing left to look up, default or doubt.
//!
//! Every `Option` here means that the thing is absent, never that a default is to be filled in. Past this point the core cannot fail.

pub mod cluster;
pub mod events;
pub mod traffic;

use std::collections::BTreeMap;

use crate::api::{Symbol, Symbols};
use crate::cloud::Catalog;
use crate::cluster::{PodTemplate, TemplateId};
use crate::des::{Dist, SimDuration, SimTime};
use crate::kube::deployment::Strategy;
use crate::kube::hpa::HpaSpec;
use crate::kube::keda::ScaledObjectSpec;
use crate::kube::pdb::PdbSpec;
use crate::scenario::tree::Node;
use crate::workload::{Discipline, TargetGroupSettings};

pub use cluster::{
    ClusterModel, KarpenterModel, LatencyModel, MarketModel, NodeClassModel, NodeGroupModel,
    NodePoolModel, PricesModel,
};
pub use traffic::{
    Background, CallStep, EnqueueStep, Filter, Journey, JourneyId, Profile, Replay, Step, StepId,
    StepKind, Traffic,
};

/// The place of a service in [`Scenario::services`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServiceId(pub u16);

/// The place of a queue in [`Scenario::queues`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct QueueId(pub u16);

impl ServiceId {
    /// As an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl QueueId {
    /// As an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A whole scenario, ready to run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Name of the report folder.
    pub name: String,
    /// One or two sentences.
    pub description: String,
    /// Seed of every random draw.
    pub seed: u64,
    /// FNV-1a of the merged scenario text and the bytes of its trace: the provenance of a report.
    pub digest: u64,
    /// Wall clock and zone of simulated time zero.
    pub start: jiff::Zoned,
    /// Simulated time.
    pub duration: SimDuration,
    /// AWS region.
    pub region: String,
    /// The strings behind every symbol.
    pub symbols: Symbols,
    /// Instance types, offerings and prices of the region.
    pub catalog: Catalog,
    /// One per workload: services first (same order), then DaemonSets.
    pub templates: Vec<PodTemplate>,
    /// The cluster.
    pub cluster: ClusterModel,
    /// Services.
    pub services: Vec<Service>,
    /// Queues.
    pub queues: Vec<Queue>,
    /// PodDisruptionBudgets.
    pub pdbs: Vec<Pdb>,
    /// Static frontend.
    pub frontend: Option<Frontend>,
    /// Who comes, and what they do.
    pub traffic: Traffic,
    /// What happens to the cluster, in the order of the file.
    pub events: Vec<events::TimedEvent>,
    /// The cloud's own doings.
    pub market: MarketModel,
    /// What it costs.
    pub prices: PricesModel,
    /// Goals.
    pub slos: Vec<Slo>,
    /// When waiting counts as starving.
    pub starvation: Starvation,
    /// Width of a bucket of the time series.
    pub resolution: SimDuration,
    /// Left out of the latency statistics.
    pub warmup: SimDuration,
    /// Every real object as it was written, by place: for the exporter.
    pub manifests: Vec<CarriedManifest>,
    /// What its reader has to say of it that is no mistake: fields that are carried and not modelled, a NodePool that nobody can use.
    pub warnings: Vec<String>,
}

/// A real object with all that the user wrote.
#[derive(Clone, Debug)]
pub struct CarriedManifest {
    /// Where it stands, such as `services[0].workload[1]`.
    pub path: String,
    /// Its kind.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
    /// The object.
    pub node: Node,
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Service account of its pods, where the scenario names one.
    pub service_account: Option<String>,
    /// Its pods.
    pub template: TemplateId,
    /// Pods before any autoscaler acts.
    pub replicas: u32,
    /// How its Deployment moves from one revision to the next.
    pub strategy: Strategy,
    /// A pod counts as available once it has been Ready for so long.
    pub min_ready: SimDuration,
    /// What changes that number.
    pub scaling: Scaling,
    /// The load balancer in front, if calls come from outside.
    pub ingress: Option<Ingress>,
    /// The queue its pods work off.
    pub consumes: Option<QueueId>,
    /// Requests in service at once per pod.
    pub concurrency: u32,
    /// Cores one request can keep busy.
    pub threads: u32,
    /// Most requests waiting in a pod; `u32::MAX` for no limit.
    pub pod_queue_limit: u32,
    /// Which of the requests in a pod, or of the messages of its queue, is next.
    pub discipline: Discipline,
    /// Until the process answers, in microseconds.
    pub warmup: Dist,
    /// Model weights, loaded before it answers.
    pub model_load: Option<ModelLoad>,
    /// Device besides CPU.
    pub accelerator: Option<Accelerator>,
    /// From the start of a container to its end by itself, in microseconds; none where that does not happen.
    pub crash_after: Option<Dist>,
    /// CPU time it takes to answer a probe.
    pub probe_cpu: SimDuration,
    /// Memory that a container takes, where that is known.
    pub memory: Option<MemoryUse>,
    /// Millicores a pod keeps busy without requests.
    pub idle_cpu: i64,
    /// A request whose queue wait alone is longer starves.
    pub starvation: SimDuration,
}

/// The bytes that a container takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryUse {
    /// From its start on.
    pub base: u64,
    /// More for each request in service.
    pub per_request: u64,
    /// More for each request that it has worked off: lost until it is restarted.
    pub leak: u64,
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug)]
pub struct Pdb {
    /// `namespace/name`.
    pub name: String,
    /// The budget.
    pub spec: PdbSpec,
    /// Templates its selector matches.
    pub templates: Vec<TemplateId>,
}

/// What changes a service's replica count.
#[derive(Clone, Debug)]
pub enum Scaling {
    /// Nothing.
    Fixed,
    /// A HorizontalPodAutoscaler.
    Hpa(HpaSpec),
    /// A ScaledObject.
    Keda(ScaledObjectSpec),
}

/// An application load balancer in front of a service.
#[derive(Clone, Debug)]
pub struct Ingress {
    /// Host name; any where absent.
    pub host: Option<String>,
    /// How it chooses among the pods, and checks them.
    pub target_group: TargetGroupSettings,
    /// A target that has not answered for so long is given up (504).
    pub idle_timeout: SimDuration,
    /// Request and response together.
    pub bytes_per_request: u64,
    /// Annotations of the Ingress, as they were written.
    pub annotations: BTreeMap<String, String>,
}

impl Ingress {
    /// How long the load balancer tries to connect to a target (spec/kubernetes.md 7.1).
    pub const CONNECT_TIMEOUT: SimDuration = SimDuration::from_secs(10);
}

/// Model weights to load before the process answers.
#[derive(Clone, Copy, Debug)]
pub struct ModelLoad {
    /// How many bytes.
    pub bytes: u64,
    /// Bytes per second; as fast as the node's disk where absent.
    pub rate: Option<u64>,
}

impl ModelLoad {
    /// How long it takes on a node whose disk reads so many bytes per second (spec/kubernetes.md 9.3).
    #[must_use]
    pub fn time(&self, disk: f64) -> SimDuration {
        let rate = self.rate.map_or(disk, |rate| rate as f64);
        SimDuration::from_secs_f64(self.bytes as f64 / rate)
    }
}

/// A device that serves a batch at a time: `fixed + per_item * items`.
#[derive(Clone, Copy, Debug)]
pub struct Accelerator {
    /// Most items at once.
    pub batch_max: u32,
    /// Whatever the number of items.
    pub fixed: SimDuration,
    /// More for each item.
    pub per_item: SimDuration,
}

/// An SQS queue.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Name.
    pub name: String,
    /// Hidden for so long once received.
    pub visibility_timeout: SimDuration,
    /// Received more often than this, a message goes to the dead letters.
    pub max_receive_count: Option<u32>,
    /// Not worked off for so long, a message is dropped.
    pub retention: SimDuration,
    /// Who works it off.
    pub consumer: ServiceId,
}

/// Static frontend on S3 and CloudFront.
#[derive(Clone, Debug)]
pub struct Frontend {
    /// Bucket name.
    pub bucket: String,
    /// CloudFront price class.
    pub price_class: String,
    /// Bytes of a page.
    pub page_bytes: u64,
    /// Objects of a page.
    pub objects_per_page: u32,
    /// Share answered at the edge, in parts per million.
    pub cache_hit_ppm: u32,
    /// Bytes in the bucket.
    pub site_bytes: u64,
}

/// A goal.
#[derive(Clone, Debug)]
pub struct Slo {
    /// For what.
    pub target: SloTarget,
    /// Percentile in parts per million and the longest it may be.
    pub latency: Vec<(u32, SimDuration)>,
    /// Share that must succeed, in parts per million.
    pub availability_ppm: Option<u32>,
}

/// What a goal is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SloTarget {
    /// Requests of a service.
    Service(ServiceId),
    /// Messages of a queue, from send to worked off.
    Queue(QueueId),
    /// Journeys.
    Journey(JourneyId),
}

/// When waiting counts as starving. Requests: see [`Service::starvation`].
#[derive(Clone, Copy, Debug)]
pub struct Starvation {
    /// A pod Pending for longer.
    pub pod: SimDuration,
}

impl Scenario {
    /// A NodePool by its place, as the events have left it at an instant; what is applied at the instant counts.
    #[must_use]
    pub fn pool_at(&self, place: usize, at: SimTime) -> Option<&NodePoolModel> {
        let karpenter = self.cluster.karpenter.as_ref()?;
        let applied = self.events.iter().filter_map(|event| match event.kind {
            events::EventKind::Apply(change) if event.at <= at => Some((event.at, change)),
            _ => None,
        });
        let of_pool = applied.filter(|&(_, change)| {
            matches!(karpenter.changes[change], cluster::Change::Pool(changed, _) if changed == place)
        });
        let last = of_pool.max_by_key(|&(at, change)| (at, change));
        let revision = cluster::Revision(last.map(|(_, change)| change));
        (place < karpenter.pools.len()).then(|| karpenter.pool(place, revision))
    }

    /// The place of the capacity reservation with this id.
    #[must_use]
    pub fn reservation_place(&self, id: Symbol) -> Option<usize> {
        let all = &self.cluster.reservations;
        all.iter().position(|reservation| reservation.id == id)
    }

    /// The template of a service or DaemonSet.
    #[must_use]
    pub fn template(&self, id: TemplateId) -> &PodTemplate {
        &self.templates[id.index()]
    }

    /// The string behind a symbol.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> std::borrow::Cow<'_, str> {
        self.symbols.name(symbol)
    }
}
