//! What comes back of an export, what comes of other people's files, and which contradictions are found.

mod written;

use std::path::PathBuf;

use proptest::prelude::*;

use karpsim::des::SimDuration;
use karpsim::export::{Export, export};
use karpsim::import::{Imported, Input, import};
use karpsim::scenario::diagnostic::{Diagnostics, render};
use karpsim::scenario::source::Sources;
use karpsim::scenario::{self, Options, Scenario};
use karpsim::workload::Algorithm;

use crate::export::all;

/// Imports texts by file name; what is wrong with them otherwise.
fn imported(files: &[(&str, &str)]) -> Result<Imported, String> {
    let inputs: Vec<Input> = files
        .iter()
        .map(|(path, text)| Input {
            path: PathBuf::from(path),
            text: (*text).to_owned(),
            named: true,
        })
        .collect();
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
    let imported = import("town", &inputs, &mut sources, &mut diagnostics);
    imported.ok_or_else(|| render(&diagnostics, &sources, false))
}

/// A scenario of a text.
fn opened(text: &str) -> Scenario {
    let path = PathBuf::from("town.yaml");
    let opened = scenario::open(
        &path,
        &mut |_| Ok(text.as_bytes().to_vec()),
        Options::default(),
    );
    let wrong = || render(&opened.diagnostics, &opened.sources, false);
    opened
        .scenario
        .unwrap_or_else(|| panic!("{}\n{text}", wrong()))
}

/// The files of an export that are applied.
fn applied(export: &Export) -> Vec<(&str, &str)> {
    let files = export.files.iter().filter(|(name, _)| name.contains('/'));
    files
        .map(|(name, bytes)| (name.as_str(), std::str::from_utf8(bytes).expect("text")))
        .collect()
}

/// The files of an export that say something; all others follow from them.
const CARRIED: [&str; 7] = [
    "helm/manifests/karpenter-resources.yaml",
    "helm/manifests/workloads.yaml",
    "helm/values/aws-for-fluent-bit.yaml",
    "helm/values/cluster-autoscaler.yaml",
    "helm/values/karpenter.yaml",
    "helm/values/nvidia-device-plugin.yaml",
    "terraform/terraform.tfvars",
];

/// Everything an export carries comes back: the export of the import is the export.
fn comes_back(scenario: &Scenario) {
    let exported = export(scenario, None);
    let files = applied(&exported);
    let carried = |(name, _): &&(&str, &str)| CARRIED.contains(name);
    let inputs: Vec<(&str, &str)> = files.iter().filter(carried).copied().collect();
    let imported = imported(&inputs).expect("an export can be imported");
    let again = export(&opened(&imported.text), None);
    let again = applied(&again);
    for (before, after) in files.iter().zip(&again) {
        assert_eq!(before.0, after.0, "{}", scenario.name);
        assert!(
            before.1 == after.1,
            "{}: {}\n{}",
            scenario.name,
            before.0,
            first_difference(before.1, after.1)
        );
    }
    assert_eq!(files.len(), again.len(), "{}", scenario.name);
}

fn first_difference(before: &str, after: &str) -> String {
    let mut pairs = before.lines().zip(after.lines()).enumerate();
    let found = pairs.find(|(_, (one, other))| one != other);
    found.map_or_else(
        || "one ends before the other".to_owned(),
        |(at, (one, other))| format!("line {}:\n- {one}\n+ {other}", at + 1),
    )
}

#[test]
fn what_an_export_carries_comes_back() {
    for scenario in all() {
        comes_back(&scenario);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn what_people_write_comes_back(text in written::a_scenario()) {
        comes_back(&opened(&text));
    }
}

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: citizen
  uid: 6b7c0d8e-8f1b-4f4e-9d0a-6a1f5f2f3f11
  resourceVersion: \"91733\"
  annotations: {deployment.kubernetes.io/revision: \"7\", team: roads}
spec:
  replicas: 3
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}, creationTimestamp: null}
    spec:
      enableServiceLinks: false
      containers:
        - name: api
          image: example/api:3
          resources: {requests: {cpu: 250m, memory: 256Mi}}
status: {replicas: 3}
";

/// What `kubectl get -o json` prints: a list, with what the API server wrote; a plan beside it.
#[test]
fn a_cluster_and_its_plan_become_a_scenario() {
    let list = r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "citizen"},
         "spec": {"selector": {"app": "api"}, "ports": [{"port": 80, "targetPort": 8080}]}},
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
         "metadata": {"name": "api", "namespace": "citizen", "annotations":
            {"alb.ingress.kubernetes.io/target-group-attributes": "deregistration_delay.timeout_seconds=30,load_balancing.algorithm.type=least_outstanding_requests"}},
         "spec": {"rules": [{"host": "api.example.org", "http": {"paths": [{"path": "/", "pathType": "Prefix",
            "backend": {"service": {"name": "api", "port": {"number": 80}}}}]}}]}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api-1", "namespace": "citizen",
            "ownerReferences": [{"kind": "ReplicaSet", "name": "api"}]}},
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "namespace": "citizen"}}
    ]}"#;
    let plan = r#"{"format_version": "1.2", "terraform_version": "1.14.0",
        "configuration": {"provider_config": {"aws": {"expressions": {"region": {"constant_value": "ap-south-1"}}}}},
        "planned_values": {"root_module": {"resources": [
            {"address": "aws_eks_node_group.base", "mode": "managed", "type": "aws_eks_node_group", "values":
                {"node_group_name": "base", "instance_types": ["m7g.large"], "ami_type": "AL2023_ARM_64_STANDARD",
                 "scaling_config": [{"min_size": 2, "desired_size": 2, "max_size": 4}],
                 "taint": [{"key": "team", "value": "roads", "effect": "PREFER_NO_SCHEDULE"}]}}],
            "child_modules": [{"resources": [
                {"address": "module.eks.aws_eks_cluster.this", "mode": "managed", "type": "aws_eks_cluster", "values":
                    {"name": "town-prod", "version": "1.35"}},
                {"address": "module.vpc.aws_subnet.a", "mode": "managed", "type": "aws_subnet", "values":
                    {"availability_zone": "ap-south-1b"}},
                {"address": "module.vpc.aws_subnet.b", "mode": "managed", "type": "aws_subnet", "values":
                    {"availability_zone": "ap-south-1a"}}]}]}}}"#;
    let imported = imported(&[
        ("api.yaml", DEPLOYMENT),
        ("rest.json", list),
        ("plan.json", plan),
    ])
    .expect("nothing is wrong");
    for kept in ["enableServiceLinks: false", "team: roads"] {
        assert!(imported.text.contains(kept), "{}", imported.text);
    }
    for gone in [
        "uid",
        "resourceVersion",
        "deployment.kubernetes.io",
        "creationTimestamp",
        "status",
    ] {
        assert!(!imported.text.contains(gone), "{}", imported.text);
    }
    let scenario = opened(&imported.text);
    assert_eq!(scenario.region, "ap-south-1");
    assert_eq!(scenario.cluster.name, "town-prod");
    let service = &scenario.services[0];
    let ingress = service.ingress.as_ref().expect("a way in");
    assert_eq!(ingress.host.as_deref(), Some("api.example.org"));
    let settings = ingress.target_group;
    assert_eq!(settings.algorithm, Algorithm::LeastOutstandingRequests);
    assert_eq!(settings.deregistration_delay, SimDuration::from_secs(30));
    assert!(
        imported
            .text
            .contains("availabilityZones:\n    - aps1-az1\n    - aps1-az3\n")
    );
    assert!(imported.text.contains("effect: PREFER_NO_SCHEDULE"));
    assert_eq!(
        imported.left,
        ["CronJob citizen/nightly (rest.json:11): a CronJob is not modelled"]
    );
    assert!(
        imported
            .assumed
            .iter()
            .any(|what| what.starts_with("traffic: "))
    );
}

/// A plan has the variables of the module and the values of the charts: nothing else of an export is needed beside its manifests.
#[test]
fn the_plan_of_an_export_says_as_much_as_its_files() {
    let plan = r#"{"format_version": "1.2",
        "variables": {"region": {"value": "ap-south-1"}, "cluster_name": {"value": "town"}, "addons": {"value": ["kube-proxy"]},
            "availability_zone_ids": {"value": ["aps1-az2"]}, "karpenter_version": {"value": "1.14.1"},
            "node_groups": {"value": {"base": {"instance_types": ["m7g.large"], "min_size": 1, "desired_size": 2, "max_size": 2}}}},
        "planned_values": {"root_module": {"resources": [
            {"address": "helm_release.karpenter", "mode": "managed", "type": "helm_release", "values":
                {"chart": "karpenter", "version": "1.14.1", "values": ["settings:\n  batchIdleDuration: 2s\n", null]}},
            {"address": "helm_release.fluent_bit", "mode": "managed", "type": "helm_release", "values":
                {"chart": "aws-for-fluent-bit", "values": ["resources: {requests: {cpu: 50m}}\n"]}}]}}}"#;
    let imported = imported(&[("api.yaml", DEPLOYMENT), ("plan.json", plan)]).expect("all is well");
    for said in [
        "    - aps1-az2\n",
        "    version: \"1.14.1\"\n    settings:\n      batchIdleDuration: \"2s\"\n",
        "name: fluent-bit\n",
        "name: kube-proxy\n",
    ] {
        assert!(imported.text.contains(said), "{said}\n{}", imported.text);
    }
}

#[test]
fn terraform_files_say_what_is_plain_in_them() {
    let variables = "variable \"size\" {\n  type    = number\n  default = 3\n}\n";
    let groups = "
provider \"aws\" {
  region = \"ap-south-1\"
}

resource \"aws_eks_node_group\" \"base\" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = \"base\"
  instance_types  = [\"m7g.large\", \"m6g.large\"]
  labels          = { workload = \"baseline\" }

  scaling_config {
    min_size     = 1
    desired_size = var.size
    max_size     = var.most
  }
}
";
    let imported = imported(&[
        ("api.yaml", DEPLOYMENT),
        ("main.tf", groups),
        ("variables.tf", variables),
        ("terraform.tfvars", "most = 5\n"),
    ])
    .expect("nothing is wrong");
    let group = "    - nodeGroupName: base
      instanceTypes:
        - m7g.large
        - m6g.large
      labels:
        workload: baseline
      scalingConfig:
        minSize: 1
        desiredSize: 3
        maxSize: 5
";
    assert!(imported.text.contains(group), "{}", imported.text);
    opened(&imported.text);
}

#[test]
fn contradictions_name_both_places() {
    let other = DEPLOYMENT.replace("replicas: 3\n  selector", "replicas: 5\n  selector");
    let message = imported(&[("one.yaml", DEPLOYMENT), ("two.yaml", &other)]).unwrap_err();
    for said in [
        "Deployment citizen/api is here twice and not the same",
        "one.yaml:2",
        "two.yaml:2",
    ] {
        assert!(message.contains(said), "{message}");
    }
    let same = imported(&[("one.yaml", DEPLOYMENT), ("two.yaml", DEPLOYMENT)]);
    assert!(same.is_ok(), "the same twice is no contradiction");

    let cluster = |name: &str| {
        format!("resource \"aws_eks_cluster\" \"{name}\" {{\n  name = \"{name}\"\n}}\n")
    };
    let both = [cluster("a"), cluster("b")].concat();
    let message = imported(&[("main.tf", &both)]).unwrap_err();
    for said in [
        "`aws_eks_cluster.b` is a second cluster",
        "main.tf:4",
        "the first",
    ] {
        assert!(message.contains(said), "{message}");
    }

    let scaler = |kind: &str, version: &str| {
        format!(
            "---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: api, namespace: citizen}}\n\
             spec: {{scaleTargetRef: {{name: api}}, minReplicas: 1, maxReplicas: 3}}\n"
        )
    };
    let both = [
        scaler("HorizontalPodAutoscaler", "autoscaling/v2"),
        scaler("ScaledObject", "keda.sh/v1alpha1"),
    ]
    .concat();
    let message = imported(&[("api.yaml", DEPLOYMENT), ("scale.yaml", &both)]).unwrap_err();
    for said in [
        "ScaledObject citizen/api scales Deployment citizen/api, and so does",
        "scale.yaml:7",
        "the other",
    ] {
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn what_is_no_infrastructure_is_refused_where_it_stands() {
    for (path, text, said) in [
        ("notes.yaml", "- a list\n", "notes.yaml:1"),
        ("notes.txt", "hello", "nobody knows what this file is"),
        (
            "main.tf",
            "resource \"aws_vpc\" {\n  name = \n}\n",
            "main.tf:2",
        ),
        (
            "x.yaml",
            "apiVersion: v1\nkind: Service\nspec: {}\n",
            "the Service has no name",
        ),
    ] {
        let message = imported(&[(path, text)]).unwrap_err();
        assert!(message.contains(said), "{path}: {message}");
    }
}

/// Files as teams have them: a module of the community, names put together, and things that a plan alone knows.
#[test]
fn files_of_a_community_module_say_what_their_arguments_say() {
    let main = r#"
variable "stage" { default = "prod" }
locals {
  name  = "${local.team}-${var.stage}"
  team  = "roads"
  sizes = { min = 2, max = 6 }
  azs   = slice(data.aws_availability_zones.here.names, 0, 3)
}
provider "aws" { region = "eu-west-1" }
module "vpc" {
  source = "terraform-aws-modules/vpc/aws"
  azs    = local.azs
}
module "eks" {
  source             = "terraform-aws-modules/eks/aws"
  name               = local.name
  kubernetes_version = "1.34"
  subnet_ids         = module.vpc.private_subnets
  addons             = { coredns = {}, kube-proxy = {} }
  eks_managed_node_groups = {
    base = {
      instance_types = ["m7g.large"]
      ami_type       = "AL2023_ARM_64_STANDARD"
      min_size       = local.sizes.min
      max_size       = local.sizes.max
      desired_size   = 3
      subnet_ids     = module.vpc.private_subnets
      taints         = { only = { key = "only", value = "base", effect = "PREFER_NO_SCHEDULE" } }
    }
  }
}
resource "aws_eks_node_group" "computed" {
  for_each        = toset(["a", "b"])
  node_group_name = each.key
  instance_types  = each.value.types
}
"#;
    let imported = imported(&[("main.tf", main)]).expect("good files");
    for line in [
        "region: eu-west-1\n",
        "  name: roads-prod\n",
        "kubernetesVersion: \"1.34\"\n",
        "nodeGroupName: base\n",
        "minSize: 2\n",
        "desiredSize: 3\n",
        "maxSize: 6\n",
        "effect: PREFER_NO_SCHEDULE\n",
        "name: kube-proxy\n",
    ] {
        assert!(imported.text.contains(line), "{line}{}", imported.text);
    }
    let left = |what: &str| imported.left.iter().any(|line| line.starts_with(what));
    for what in [
        "aws_eks_node_group.computed: its instance types are computed",
        "module.eks: arguments that have to be computed",
        "module.vpc: what terraform-aws-modules/vpc/aws makes is not in these files",
    ] {
        assert!(left(what), "{what}: {:?}", imported.left);
    }
}

#[test]
fn what_only_looks_like_a_known_kind_is_left() {
    let files = [(
        "site.yaml",
        "{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization, resources: [a.yaml]}\n---\n\
         {apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: hello}}\n",
    )];
    let imported = imported(&files).expect("nothing is wrong with it");
    assert_eq!(
        imported.left,
        [
            "Kustomization (site.yaml:1): a Kustomization is not modelled",
            "Service default/hello (site.yaml:3): a Service of serving.knative.dev/v1 is not modelled",
        ]
    );
}

/// In a folder there is more than infrastructure; a file that was asked for by name is a mistake.
#[test]
fn the_other_files_of_a_folder_are_left_and_named() {
    let input = |named| Input {
        path: PathBuf::from("stack.yaml"),
        text: "Resources:\n  role: !Ref Other\n".to_owned(),
        named,
    };
    let import = |named| {
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        import("town", &[input(named)], &mut sources, &mut diagnostics)
    };
    assert!(import(true).is_none());
    let imported = import(false).expect("nothing to do with it");
    assert!(
        imported.left[0].starts_with("stack.yaml: "),
        "{:?}",
        imported.left
    );
}
