//! HorizontalPodAutoscalers on what is not a resource: the requests in the pods, and the messages in the queue.

use karpsim::metrics::result::ServiceResult;
use karpsim::sim;

use crate::lab::{Station, scenario};

/// The station under an autoscaler of up to 8 replicas with one metric.
fn scaled(station: &Station, metric: &str) -> String {
    let hpa = format!(
        "
      - apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {{name: station}}
        spec:
          scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: station}}
          minReplicas: 1
          maxReplicas: 8
          metrics: [{metric}]
    runtime:"
    );
    station.yaml().replacen("\n    runtime:", &hpa, 1)
}

fn run(station: &Station, metric: &str) -> ServiceResult {
    let scenario = scenario(&scaled(station, metric));
    sim::run(&scenario, 1, |_| {}).services.remove(0)
}

/// Five requests of one second at a time on average, for pods that work on one each.
fn busy() -> Station {
    Station {
        cpu: "1s".to_owned(),
        rate: "5/s".to_owned(),
        ..Station::default()
    }
}

#[test]
fn pods_metrics_scale_on_the_requests_in_each_pod() {
    let metric = "{type: Pods, pods: {metric: {name: requests_in_flight}, \
                  target: {type: AverageValue, averageValue: \"2\"}}}";
    let service = run(&busy(), metric);
    assert!(service.ready_max > 4, "{} pods", service.ready_max);
}

#[test]
fn object_metrics_scale_on_the_requests_in_all_pods() {
    let metric = "{type: Object, object: {describedObject: {kind: Service, name: station}, \
                  metric: {name: requests_in_flight}, \
                  target: {type: AverageValue, averageValue: \"2\"}}}";
    let service = run(&busy(), metric);
    assert!(service.ready_max > 2, "{} pods", service.ready_max);
}

#[test]
fn external_metrics_scale_on_the_queue_as_cloudwatch_has_it() {
    let station = Station {
        jobs: true,
        ..busy()
    };
    let metric = "{type: External, external: {metric: {name: ApproximateNumberOfMessagesVisible, \
                  selector: {matchLabels: {QueueName: jobs}}}, \
                  target: {type: AverageValue, averageValue: \"20\"}}}";
    let service = run(&station, metric);
    assert!(service.ready_max > 4, "{} pods", service.ready_max);
}
