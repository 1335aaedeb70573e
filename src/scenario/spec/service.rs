//! Services, queues and the frontend, as written in a scenario.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, MapAccess, Visitor};

use crate::api::{GoDuration, Quantity};
use crate::scenario::decode::Part;
use crate::scenario::tree::Node;

/// A service: one Deployment with what scales, guards and feeds it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpec {
    /// Name.
    pub name: String,
    /// Namespace of every object below that names none.
    pub namespace: String,
    /// Service account of the pods.
    #[serde(default)]
    pub service_account_name: Option<String>,
    /// Deployment, HorizontalPodAutoscaler or ScaledObject, PodDisruptionBudget: real objects.
    pub workload: Vec<Node>,
    /// The way in from outside.
    #[serde(default)]
    pub ingress: Part<Option<IngressSpec>>,
    /// The queue its pods take their work from.
    #[serde(default)]
    pub consumes: Option<String>,
    /// What no manifest knows.
    #[serde(default)]
    pub runtime: Part<RuntimeSpec>,
}

/// The way in from outside.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressSpec {
    /// `alb`.
    pub kind: String,
    /// Host name.
    #[serde(default)]
    pub host: Option<String>,
    /// `round_robin` (where absent), `least_outstanding_requests` or `weighted_random`; the annotations can say it too.
    #[serde(default)]
    pub algorithm: Option<String>,
    /// Annotations of the Ingress, such as `alb.ingress.kubernetes.io/target-group-attributes: slow_start.duration_seconds=30`. Health
    /// checks, the attributes of the target group and the idle timeout are simulated as they say.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Request and response together; 20 kB where absent. Load balancer and transfer charges follow from it.
    #[serde(default)]
    pub bytes_per_request: Option<Quantity>,
}

/// How pods of a service work.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuntimeSpec {
    /// Requests in service at once per pod; 1 where absent.
    pub concurrency: Option<u32>,
    /// Cores one request can keep busy at once; 1 where absent.
    pub threads: Option<u32>,
    /// Work that waits: requests in a pod, or the messages its pods take.
    pub queue: PodQueueSpec,
    /// From container start to ready.
    pub startup: StartupSpec,
    /// The device a request needs besides CPU.
    pub accelerator: Option<AcceleratorSpec>,
    /// CPU a pod keeps busy without any request, such as `20m`.
    pub idle_cpu: Option<Quantity>,
    /// CPU time it takes to answer a probe; 1 ms where absent.
    pub probe_cpu: Option<GoDuration>,
    /// Memory that a container takes.
    pub memory: Option<MemorySpec>,
    /// From the start of a container to its end by itself, with an error; never where absent.
    pub crash_after: Option<DistSpec>,
}

/// Memory that a container takes; beyond its limit it is OOMKilled.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemorySpec {
    /// From its start on, such as `180Mi`.
    pub base: Quantity,
    /// More for each request in service; none where absent.
    #[serde(default)]
    pub per_request: Option<Quantity>,
    /// More for each request worked off, until it is restarted; none where absent.
    #[serde(default)]
    pub leak: Option<Quantity>,
}

/// Work that waits: requests in a pod, or the messages its pods take.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodQueueSpec {
    /// Most requests that may wait in a pod; further ones are refused with 503. No limit where absent.
    pub limit: Option<u32>,
    /// Who is next: `fifo` (where absent); `priority`: the categories of `order` first, one after the other; `fair`: the category
    /// with the least work in hand, and of equals the one whose turn is longest ago.
    pub discipline: Option<String>,
    /// For `priority`: categories, the most important first; those that are not named come last, together.
    pub order: Vec<String>,
}

/// From container start to ready.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StartupSpec {
    /// Compressed size of the image, such as `180M`; 100 MB where absent.
    pub image: Option<Quantity>,
    /// Until the process answers; none where absent.
    pub warmup: Option<DistSpec>,
    /// Model weights to load before it answers, and from where.
    pub model_load: Option<ModelLoadSpec>,
}

/// Model weights to load.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelLoadSpec {
    /// Such as `14G`.
    pub size: Quantity,
    /// Bytes per second from where they are, such as `1G`; from the node's own disk, as fast as that is, where absent.
    #[serde(default)]
    pub rate: Option<Quantity>,
}

/// A device that serves a batch at a time.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceleratorSpec {
    /// The resource the pod asks for, such as `nvidia.com/gpu`.
    pub resource: String,
    /// How long a batch takes: `fixed + perItem * items`.
    pub batch: BatchSpec,
}

/// The throughput law of a batching device.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchSpec {
    /// Most items at once.
    pub max: u32,
    /// Whatever the number of items.
    pub fixed: GoDuration,
    /// More for each item.
    pub per_item: GoDuration,
}

/// An SQS queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueSpec {
    /// Name.
    pub name: String,
    /// Hidden for so long once received; 30 s where absent.
    #[serde(default)]
    pub visibility_timeout: Option<GoDuration>,
    /// Received more often than this, a message goes to the dead letters; without limit where absent.
    #[serde(default)]
    pub max_receive_count: Option<u32>,
    /// Not worked off for so long, a message is dropped: 60 s to 14 d; 4 d where absent.
    #[serde(default)]
    pub message_retention_period: Option<GoDuration>,
}

/// Static web frontend on S3 and CloudFront.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontendSpec {
    /// Bucket name.
    pub bucket: String,
    /// CloudFront price class; `PriceClass_200` where absent.
    #[serde(default)]
    pub price_class: Option<String>,
    /// Bytes of a page with its assets, such as `900k`.
    pub page_weight: Quantity,
    /// Objects of a page; 12 where absent.
    #[serde(default)]
    pub objects_per_page: Option<u32>,
    /// Share answered at the edge, 0 to 1.
    pub cache_hit_ratio: f64,
    /// Size of the site in the bucket; 100 MB where absent.
    #[serde(default)]
    pub site_size: Option<Quantity>,
}

/// A distribution of times: a bare duration is a constant.
#[derive(Clone, Copy, Debug)]
pub enum DistSpec {
    /// Always the same.
    Constant(GoDuration),
    /// Between two bounds.
    Uniform {
        /// Least.
        low: GoDuration,
        /// Most.
        high: GoDuration,
    },
    /// Memoryless.
    Exponential {
        /// Mean.
        mean: GoDuration,
    },
    /// Positive with a long tail.
    Lognormal {
        /// Half are longer.
        median: GoDuration,
        /// One in twenty is longer.
        p95: GoDuration,
    },
    /// Sum of `shape` exponentials.
    Erlang {
        /// How many, 1 or more.
        shape: u32,
        /// Mean of the sum.
        mean: GoDuration,
    },
    /// Decreasing hazard below shape 1, increasing above.
    Weibull {
        /// Above 0.
        shape: f64,
        /// Scale.
        scale: GoDuration,
    },
    /// Power law.
    Pareto {
        /// Least.
        scale: GoDuration,
        /// Above 1 for a finite mean.
        shape: f64,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum TaggedDist {
    Constant(GoDuration),
    Uniform { low: GoDuration, high: GoDuration },
    Exponential { mean: GoDuration },
    Lognormal { median: GoDuration, p95: GoDuration },
    Erlang { shape: u32, mean: GoDuration },
    Weibull { shape: f64, scale: GoDuration },
    Pareto { scale: GoDuration, shape: f64 },
}

impl From<TaggedDist> for DistSpec {
    fn from(tagged: TaggedDist) -> Self {
        match tagged {
            TaggedDist::Constant(value) => Self::Constant(value),
            TaggedDist::Uniform { low, high } => Self::Uniform { low, high },
            TaggedDist::Exponential { mean } => Self::Exponential { mean },
            TaggedDist::Lognormal { median, p95 } => Self::Lognormal { median, p95 },
            TaggedDist::Erlang { shape, mean } => Self::Erlang { shape, mean },
            TaggedDist::Weibull { shape, scale } => Self::Weibull { shape, scale },
            TaggedDist::Pareto { scale, shape } => Self::Pareto { scale, shape },
        }
    }
}

impl<'de> Deserialize<'de> for DistSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DistVisitor;
        impl<'de> Visitor<'de> for DistVisitor {
            type Value = DistSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as `20ms` or a distribution such as `{lognormal: {median: 12ms, p95: 45ms}}`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<DistSpec, E> {
                GoDuration::deserialize(StrDeserializer::new(text)).map(DistSpec::Constant)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<DistSpec, A::Error> {
                TaggedDist::deserialize(MapAccessDeserializer::new(map)).map(DistSpec::from)
            }
        }
        deserializer.deserialize_any(DistVisitor)
    }
}
