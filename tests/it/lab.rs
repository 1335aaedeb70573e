//! Scenarios as small as a law needs: text in, results out.

pub(crate) mod fleet;

use std::io;
use std::path::Path;

use karpsim::metrics::attribution::Part;
use karpsim::metrics::result::ServiceResult;
use karpsim::scenario::diagnostic::render;
use karpsim::scenario::{Options, Scenario, open};

/// Opens a scenario; what is said about a wrong one is the panic.
#[track_caller]
pub(crate) fn scenario(text: &str) -> Scenario {
    scenario_with_trace(text, "")
}

/// Opens a scenario that finds a trace in `trace.csv`.
#[track_caller]
pub(crate) fn scenario_with_trace(text: &str, trace: &str) -> Scenario {
    let mut read = |path: &Path| match path.to_str() {
        Some("lab.yaml") => Ok(text.into()),
        Some("trace.csv") => Ok(trace.into()),
        _ => Err(io::Error::other("no such file")),
    };
    let opened = open(Path::new("lab.yaml"), &mut read, Options::default());
    let Some(scenario) = opened.scenario else {
        panic!(
            "{}{text}",
            render(&opened.diagnostics, &opened.sources, false)
        );
    };
    scenario
}

/// What is said of a scenario.
pub(crate) fn said(text: &str) -> String {
    let mut read = |_: &Path| Ok(text.into());
    let opened = open(Path::new("lab.yaml"), &mut read, Options::default());
    render(&opened.diagnostics, &opened.sources, false)
}

/// The mean time that measured requests of a service spent in a part, in seconds.
pub(crate) fn mean_spent(service: &ServiceResult, part: Part) -> f64 {
    service.attribution.total_us[part as usize] as f64 / service.latency.count as f64 / 1e6
}

/// The mean time from call (or send) to answer, in seconds: exact, where a histogram rounds.
pub(crate) fn mean_sojourn(service: &ServiceResult) -> f64 {
    Part::ALL
        .into_iter()
        .map(|part| mean_spent(service, part))
        .sum()
}

/// A scenario with one on-demand node and one service on it, or several alike, without Karpenter and autoscaler.
#[derive(Clone, Debug)]
pub(crate) struct Station {
    pub(crate) duration: &'static str,
    pub(crate) warmup: &'static str,
    pub(crate) resolution: &'static str,
    /// `limits.cpu` of the pod.
    pub(crate) limit: Option<&'static str>,
    pub(crate) concurrency: u32,
    /// Requests that may wait in the pod.
    pub(crate) queue_limit: Option<u32>,
    /// The work of a request, as a distribution in YAML.
    pub(crate) cpu: String,
    /// Whether requests come as messages on a queue.
    pub(crate) jobs: bool,
    /// As `rate` is written.
    pub(crate) rate: String,
    /// `flat`, or `office-hours`: then nobody comes in the last hours of a run that begins at 17:00.
    pub(crate) profile: &'static str,
    pub(crate) replicas: u32,
    pub(crate) instance_type: &'static str,
    /// Services that every visit calls side by side, each with work of its own.
    pub(crate) branches: usize,
}

/// A pod without limit or queue limit that serves one call at a time.
impl Default for Station {
    fn default() -> Self {
        Self {
            duration: "1h",
            warmup: "0s",
            resolution: "1h",
            limit: None,
            concurrency: 1,
            queue_limit: None,
            cpu: "100ms".to_owned(),
            jobs: false,
            rate: "1/s".to_owned(),
            profile: "flat",
            replicas: 1,
            instance_type: "m7g.2xlarge",
            branches: 1,
        }
    }
}

impl Station {
    /// The text of the scenario.
    pub(crate) fn yaml(&self) -> String {
        let Self {
            duration,
            warmup,
            resolution,
            rate,
            profile,
            instance_type,
            ..
        } = self;
        let names: Vec<String> = match self.branches {
            1 => vec!["station".to_owned()],
            many => (1..=many).map(|place| format!("station-{place}")).collect(),
        };
        let services: String = names.iter().map(|name| self.service(name)).collect();
        let step = match &names[..] {
            [name] => self.step(name),
            names => {
                let branches: Vec<String> = names
                    .iter()
                    .map(|name| format!("[{{{}}}]", self.step(name)))
                    .collect();
                format!("parallel: {{branches: [{}]}}", branches.join(", "))
            }
        };
        let queues = if self.jobs {
            "\nqueues:\n  - {name: jobs, visibilityTimeout: 12h}"
        } else {
            ""
        };
        format!(
            "apiVersion: karpsim/v1
name: station
start: 2026-06-15T17:00:00+05:30[Asia/Kolkata]
duration: {duration}
region: ap-south-1
report: {{warmup: {warmup}, resolution: {resolution}}}
cluster:
  name: lab
  availabilityZones: [aps1-az1]
  nodeGroups:
    - nodeGroupName: lab
      instanceTypes: [{instance_type}]
      scalingConfig: {{minSize: 1, desiredSize: 1, maxSize: 1}}
services:{services}{queues}
traffic:
  background: [{{name: citizens, rate: {rate}, profile: {profile}, journey: visit}}]
  journeys:
    visit:
      - {step}
"
        )
    }

    fn step(&self, service: &str) -> String {
        let cpu = &self.cpu;
        if self.jobs {
            format!("enqueue: {{queue: jobs, cpu: {cpu}}}")
        } else {
            format!("call: {{service: {service}, cpu: {cpu}}}")
        }
    }

    fn service(&self, name: &str) -> String {
        let Self {
            concurrency,
            replicas,
            ..
        } = self;
        let limit = self.limit.map_or(String::new(), |limit| {
            format!(", limits: {{cpu: \"{limit}\"}}")
        });
        let queue = self.queue_limit.map_or(String::new(), |limit| {
            format!(", queue: {{limit: {limit}}}")
        });
        let consumes = if self.jobs {
            "\n    consumes: jobs"
        } else {
            ""
        };
        format!(
            "
  - name: {name}
    namespace: lab{consumes}
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: {name}}}
        spec:
          replicas: {replicas}
          selector: {{matchLabels: {{app: {name}}}}}
          template:
            metadata: {{labels: {{app: {name}}}}}
            spec:
              containers:
                - name: {name}
                  image: registry.example/{name}:1
                  resources: {{requests: {{cpu: 500m, memory: 256Mi}}{limit}}}
    runtime: {{concurrency: {concurrency}{queue}}}"
        )
    }
}
