//! Inference on GPUs against closed forms: what a batching server gets done, and how long a cold start takes (spec/kubernetes.md 9).

use karpsim::metrics::RunResult;
use karpsim::sim;

use crate::lab::scenario;

/// One server with one GPU and room for 250 prompts; an item is a token.
fn server(batch: u32, startup: &str, rate: &str) -> RunResult {
    let text = format!(
        "apiVersion: karpsim/v1
name: inference
start: 2026-06-15T09:00:00+05:30[Asia/Kolkata]
duration: 5m
region: ap-south-1
report: {{resolution: 1s}}
cluster:
  name: lab
  availabilityZones: [aps1-az1]
  nodeGroups:
    - {{nodeGroupName: gpu, amiType: AL2023_x86_64_NVIDIA, instanceTypes: [g4dn.xlarge], scalingConfig: {{minSize: 1, desiredSize: 1, maxSize: 1}}}}
services:
  - name: llm
    namespace: ai
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: llm}}
        spec:
          replicas: 1
          selector: {{matchLabels: {{app: llm}}}}
          template:
            metadata: {{labels: {{app: llm}}}}
            spec:
              containers:
                - name: llm
                  image: llm:1
                  readinessProbe: {{httpGet: {{path: /health, port: 8000}}, periodSeconds: 1}}
                  resources: {{requests: {{cpu: 1, memory: 4Gi, nvidia.com/gpu: 1}}, limits: {{nvidia.com/gpu: 1}}}}
    runtime:
      concurrency: 200
      queue: {{limit: 50}}
      startup: {startup}
      accelerator: {{resource: nvidia.com/gpu, batch: {{max: {batch}, fixed: 19338us, perItem: 2545us}}}}
traffic:
  background: [{{name: prompts, rate: {rate}, journey: ask}}]
  journeys:
    ask: [{{call: {{service: llm, cpu: 0s, timeout: 30s}}}}]
"
    );
    sim::run(&scenario(&text), 7, |_| {})
}

/// A step for a batch of b takes t0 + c b, so a saturated server makes b / (t0 + c b) a second: 393 b / (b + 7.6) with the spec's fit for a
/// 7-billion model on an A100.
#[test]
fn a_saturated_server_follows_the_throughput_law() {
    for batch in [1, 4, 16, 64] {
        let run = server(batch, "{}", "500/s");
        let series = &run.series.services[0];
        let minute = 180..240;
        let ended: u64 = series.ended[minute.clone()].iter().sum();
        let failed: u64 = series.failed[minute].iter().sum();
        let rate = (ended - failed) as f64 / 60.0;
        let b = f64::from(batch);
        let law = 393.0 * b / (b + 7.6);
        assert!((rate / law - 1.0).abs() < 0.02, "{batch}: {rate} and {law}");
    }
}

/// When the pod was ready, in seconds: a node that is there, a small image, and the weights.
fn ready(startup: &str) -> usize {
    let run = server(1, startup, "1/s");
    let ready = run.series.services[0].ready.iter();
    let ready = ready.clone().position(|&ready| ready > 0);
    ready.expect("the pod becomes ready")
}

#[test]
fn weights_come_as_fast_as_the_disk_or_as_it_is_said() {
    let without = ready("{image: 100M}");
    // 16 GB from a gp3 volume at its 125 MB/s, and at 1 GB/s.
    let disk = ready("{image: 100M, modelLoad: {size: 16G}}");
    let fast = ready("{image: 100M, modelLoad: {size: 16G, rate: 1G}}");
    assert!((disk - without).abs_diff(128) <= 1, "{disk} and {without}");
    assert!((fast - without).abs_diff(16) <= 1, "{fast} and {without}");
    // The steps of a cold start follow one another.
    let both = ready("{image: 100M, warmup: 30s, modelLoad: {size: 16G}}");
    assert!((both - disk).abs_diff(30) <= 1, "{both} and {disk}");
}
