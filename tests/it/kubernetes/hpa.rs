//! HorizontalPodAutoscaler: the replicas after every sync of the real controller, on its own clock.

use karpsim::api::objects::autoscaling::HpaBehavior;
use karpsim::api::{Quantity, Resource, Resources};
use karpsim::des::{SimDuration, SimTime};
use karpsim::kube::hpa::{Behavior, Hpa, HpaSpec, Inputs, Metric, PodState, Readiness, Reading};
use karpsim::kube::metrics_server::Sample;
use serde::Deserialize;
use serde_json::Value;

use super::phase;
use super::recording::replay;

/// Seconds between syncs.
const PERIOD: u64 = 15;
/// When the autoscaler is created, in seconds.
const CREATED: u64 = 100_000;

#[derive(Deserialize)]
struct Case {
    spec: Spec,
    replicas: u32,
    syncs: Vec<Sync>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    min_replicas: u32,
    max_replicas: u32,
    metrics: Vec<Value>,
    behavior: Option<HpaBehavior>,
}

#[derive(Deserialize)]
struct Sync {
    #[serde(rename = "override")]
    set_to: Option<u32>,
    exist: u32,
    pods: Option<Vec<Pod>>,
    readings: Vec<Told>,
}

#[derive(Deserialize)]
struct Pod {
    cpu: Option<i64>,
    memory: Option<i64>,
    phase: String,
    #[serde(default)]
    deleting: bool,
    ready: Option<bool>,
    #[serde(default)]
    since: u64,
    started: Option<u64>,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    pods: Vec<Option<ToldOfPod>>,
    total: Option<i64>,
}

#[derive(Deserialize)]
struct ToldOfPod {
    value: i64,
    age: u64,
    window: u64,
}

#[test]
fn autoscalers_decide_as_the_real_one() {
    replay("hpa", |case: &Case, real: &Vec<u32>| {
        let mut hpa = Hpa::new(case.spec.resolved());
        let mut replicas = case.replicas;
        let mut found = Vec::new();
        for (n, (sync, &real)) in (1..).zip(case.syncs.iter().zip(real)) {
            let now = SimTime::from_secs(CREATED + n * PERIOD);
            let before = sync.set_to.unwrap_or(replicas);
            let decision = sync.decide(now, &mut hpa, before);
            if decision != real {
                found.push(format!(
                    "sync {n}, from {before}: {decision}, really {real}"
                ));
            }
            replicas = real;
        }
        found
    });
}

impl Spec {
    fn resolved(&self) -> HpaSpec {
        let mut mistakes = Vec::new();
        let behavior = self.behavior.as_ref();
        let behavior =
            behavior.map(|given| Behavior::from_object(given, "behavior", &mut mistakes));
        assert!(mistakes.is_empty(), "{mistakes:?}");
        HpaSpec {
            min: self.min_replicas,
            max: self.max_replicas,
            metrics: self.metrics.iter().map(metric).collect(),
            behavior,
        }
    }
}

fn metric(spec: &Value) -> Metric {
    let quantity = |value: &Value| Quantity::parse(value.as_str()?).ok();
    let thousandths = |value: &Value| quantity(value).map(Quantity::millis);
    if let Some(source) = spec.get("resource") {
        let name = source["name"].as_str().expect("a name");
        let resource = Resource::from_name(name).expect("a known resource");
        let target = &source["target"];
        return match target["averageUtilization"].as_u64() {
            Some(percent) => Metric::Utilization(resource, percent as u32),
            None => {
                let amount = quantity(&target["averageValue"]).expect("a quantity");
                Metric::AverageUsage(resource, resource.amount(amount))
            }
        };
    }
    if let Some(source) = spec.get("pods") {
        let target = thousandths(&source["target"]["averageValue"]);
        return Metric::Pods(target.expect("a quantity"));
    }
    let source = spec.get("object").or_else(|| spec.get("external"));
    let target = &source.expect("a known type of metric")["target"];
    match thousandths(&target["averageValue"]) {
        Some(target) => Metric::AverageValue(target),
        None => Metric::Value(thousandths(&target["value"]).expect("a quantity")),
    }
}

impl Sync {
    fn decide(&self, now: SimTime, hpa: &mut Hpa, replicas: u32) -> u32 {
        let metrics = hpa.spec().metrics.clone();
        let pods: Vec<_> = self
            .pods
            .iter()
            .flatten()
            .map(|pod| pod.state(now))
            .collect();
        let samples: Vec<Vec<_>> = metrics
            .iter()
            .zip(&self.readings)
            .map(|(metric, told)| told.samples(now, metric, pods.len()))
            .collect();
        let readings = metrics.iter().zip(&self.readings).zip(&samples);
        let readings: Vec<_> = readings
            .map(|((metric, told), samples)| match metric {
                Metric::Value(_) | Metric::AverageValue(_) => Reading::Total(told.total),
                _ => Reading::Pods(samples),
            })
            .collect();
        let inputs = Inputs {
            spec_replicas: replicas,
            status_replicas: self.exist,
            pods: &pods,
            readings: &readings,
        };
        hpa.sync(now, &inputs).replicas
    }
}

impl Pod {
    fn state(&self, now: SimTime) -> PodState {
        let before = |seconds| now - SimDuration::from_secs(seconds);
        PodState {
            requests: Resources::cpu_memory(self.cpu.unwrap_or(0), self.memory.unwrap_or(0)),
            serving: Resources::cpu_memory(self.cpu.unwrap_or(0), self.memory.unwrap_or(0)),
            phase: phase(&self.phase),
            deleting: self.deleting,
            readiness: self.ready.map(|ready| Readiness {
                ready,
                since: before(self.since),
            }),
            started: self.started.map(before),
        }
    }
}

impl Told {
    fn samples(&self, now: SimTime, metric: &Metric, pods: usize) -> Vec<Option<Sample>> {
        let unit = match metric {
            Metric::Utilization(Resource::Memory, _)
            | Metric::AverageUsage(Resource::Memory, _) => 1_000,
            _ => 1,
        };
        let sample = |told: &ToldOfPod| Sample {
            value: told.value / unit,
            at: now - SimDuration::from_secs(told.age),
            window: SimDuration::from_secs(told.window),
        };
        let mut samples: Vec<_> = self
            .pods
            .iter()
            .map(|told| told.as_ref().map(sample))
            .collect();
        samples.resize(pods, None);
        samples
    }
}
