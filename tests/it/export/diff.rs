//! What changes between two scenarios, by meaning.

use karpsim::export::diff::{Change, changes};

use crate::scenarios::scenario;

fn told(changes: &[Change]) -> Vec<String> {
    let told = changes.iter().map(|change| {
        let sign = match (&change.before, &change.after) {
            (Some(_), Some(_)) => "~",
            (None, _) => "+",
            (_, None) => "-",
        };
        format!("{sign} {} {}", change.place, change.path)
    });
    told.collect()
}

#[test]
fn a_scenario_differs_in_nothing_from_itself() {
    let one = scenario("wardmitra.yaml");
    let none = changes(&one, &one);
    assert!(
        none.terraform.is_empty() && none.helm.is_empty(),
        "{none:?}"
    );
}

/// Who moves to Karpenter sees its files and NodePools come; back, the same go.
#[test]
fn a_feature_that_comes_brings_its_files_and_objects() {
    let (before, after) = (
        scenario("posture-1-baseline.yaml"),
        scenario("posture-2-karpenter.yaml"),
    );
    let there = changes(&before, &after);
    let terraform = told(&there.terraform);
    for said in [
        "+ terraform/karpenter.tf ",
        "+ terraform/karpenter_policies.tf ",
        "+ terraform.tfvars karpenter_version",
    ] {
        assert!(terraform.iter().any(|line| line == said), "{terraform:#?}");
    }
    let helm = told(&there.helm);
    assert!(
        helm.iter().any(|line| line == "+ NodePool burst "),
        "{helm:#?}"
    );
    let back = changes(&after, &before);
    let turned = |lines: Vec<String>| {
        let mut turned: Vec<String> = lines
            .iter()
            .map(|line| match line.split_at(1) {
                ("+", rest) => format!("-{rest}"),
                ("-", rest) => format!("+{rest}"),
                _ => line.clone(),
            })
            .collect();
        turned.sort();
        turned
    };
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_eq!(turned(told(&back.helm)), sorted(helm));
    assert_eq!(turned(told(&back.terraform)), sorted(terraform));
}

/// Isolation taken away is a taint, and what bore it: exactly what `ai-mixed.yaml` says on top of posture 3.
#[test]
fn a_change_is_named_by_its_path() {
    let changes = changes(&scenario("posture-3-ai.yaml"), &scenario("ai-mixed.yaml"));
    assert_eq!(told(&changes.terraform), [""; 0]);
    let pod = |service: &str, field: &str, sign: &str| {
        format!("{sign} Deployment {service} spec.template.spec.{field}")
    };
    let mut expected = vec!["~ NodePool ai spec.template.spec.taints".to_owned()];
    for service in ["admin/admin", "citizen/api", "ai/inference"] {
        expected.push(pod(service, "nodeSelector", "-"));
        expected.push(pod(service, "priorityClassName", "-"));
    }
    expected.push(pod("ai/inference", "tolerations", "-"));
    expected.sort();
    let mut helm = told(&changes.helm);
    helm.sort();
    assert_eq!(helm, expected);
}
