"""Mistakes seeded into an export, and the rule that has to find each.

Those that leave a plan possible are seeded together, since plans take time: a rule has found a mistake if it says its words.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """In `file` stands `new` instead of `old`, and the rule `found_by` has to say `says`."""

    what: str
    file: str
    old: str
    new: str
    found_by: str
    says: str
    # Whether nothing else can be asked once it is there.
    alone: bool = False


# Of the export of wardmitra.yaml.
FAULTS = [
    Fault(
        "a node group's taint in Kubernetes' spelling",
        "terraform/terraform.tfvars",
        "    taints = []",
        '    taints = [{ key = "a", value = "b", effect = "NoSchedule" }]',
        "plans_to_create",
        "NO_SCHEDULE, NO_EXECUTE or",
        alone=True,
    ),
    Fault(
        "a NodePool's taint in EKS' spelling",
        "helm/values/karpenter-resources.yaml",
        "effect: NoSchedule",
        "effect: NO_SCHEDULE",
        "kubernetes_takes_them",
        "'NO_SCHEDULE' is not one of",
        alone=True,
    ),
    Fault(
        "a subnet without the tag it is found by",
        "terraform/terraform.tfvars",
        'private_subnet_tags = {\n  "karpenter.sh/discovery" = "wardmitra-prod"\n}',
        "private_subnet_tags = {}",
        "node_classes_find_what_they_select",
        "no subnet has the tags",
    ),
    Fault(
        "the same, and the export's own tests",
        "terraform/terraform.tfvars",
        'private_subnet_tags = {\n  "karpenter.sh/discovery" = "wardmitra-prod"\n}',
        "private_subnet_tags = {}",
        "own_tests_pass",
        "A subnet of nodes lacks a tag",
        alone=True,
    ),
    Fault(
        "a public subnet where nodes would go",
        "terraform/network.tf",
        '    "kubernetes.io/role/elb" = "1"\n',
        '    "kubernetes.io/role/elb" = "1"\n    "karpenter.sh/discovery" = var.cluster_name\n',
        "subnets_do_not_collide",
        "nodes would be put into the public subnet",
    ),
    Fault(
        "an action that does not exist",
        "terraform/karpenter_policies.tf",
        '"ec2:RunInstances"]',
        '"ec2:RunInstance"]',
        "policies_are_small_and_mean_something",
        "UNKNOWN_ACTION",
    ),
    Fault(
        "a policy that allows everything",
        "terraform/logs.tf",
        'Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]',
        'Action   = "*"',
        "policies_are_small_and_mean_something",
        "aws_iam_role_policy.fluent_bit policy: allows everything",
    ),
    Fault(
        "a PodDisruptionBudget that blocks drains",
        "helm/values/workloads.yaml",
        "maxUnavailable: 1\n",
        "maxUnavailable: 0\n",
        "budgets_let_nodes_go",
        "none may go",
    ),
    Fault(
        "a toleration without a selector",
        "helm/values/workloads.yaml",
        "            nodeSelector:\n              workload: ai\n",
        "",
        "isolation_is_two_sided",
        "Deployment ai/inference: bears the taint of ai",
    ),
    Fault(
        "a selector without a toleration",
        "helm/values/workloads.yaml",
        "            tolerations:\n              - key: workload\n                value: burst\n                effect: NoSchedule\n",
        "",
        "pods_have_nodes",
        "Deployment async/worker: no node takes it",
    ),
    Fault(
        "a service account that nobody makes",
        "helm/values/workloads.yaml",
        "    serviceAccountName: worker\n",
        "    serviceAccountName: workers\n",
        "service_accounts_exist",
        "nobody makes the service account workers",
    ),
    Fault(
        "an identity for a service account that nobody makes",
        "terraform/keda.tf",
        'service_account = "keda-operator"',
        'service_account = "keda"',
        "pods_have_the_identities_they_use",
        "nobody makes the service account keda/keda",
    ),
    Fault(
        "nodes without an access entry",
        "terraform/karpenter.tf",
        'type          = "EC2_LINUX"',
        'type          = "STANDARD"',
        "nodes_may_join",
        "has no access entry for nodes",
    ),
    Fault(
        "an EC2NodeClass with a role that nobody makes",
        "helm/values/karpenter-resources.yaml",
        "role: wardmitra-prod-node",
        "role: wardmitra-node",
        "nodes_may_join",
        "nobody makes the role wardmitra-node",
    ),
    Fault(
        "a NodePool with an EC2NodeClass that nobody makes",
        "helm/values/karpenter-resources.yaml",
        "name: gpu\n",
        "name: gpus\n",
        "node_classes_exist",
        "refers to the EC2NodeClass gpus",
        alone=True,
    ),
    Fault(
        "one event fewer",
        "terraform/karpenter_interruption.tf",
        '    rebalance            = { source = "aws.ec2", detail_type = "EC2 Instance Rebalance Recommendation" }\n',
        "",
        "karpenter_hears_of_interruptions",
        "hears of",
    ),
    Fault(
        "Karpenter before its CRDs",
        "terraform/karpenter.tf",
        "    helm_release.karpenter_crd,\n",
        "",
        "things_come_in_order",
        "helm_release.karpenter does not wait for helm_release.karpenter_crd",
    ),
    Fault(
        "a way of buying that does not exist",
        "terraform/node_groups.tf",
        "capacity_type   = each.value.capacity_type",
        'capacity_type   = "SPOTTY"',
        "words_are_those_of_aws",
        "SPOTTY is none of",
    ),
    Fault(
        "a node group that nobody simulated",
        "terraform/terraform.tfvars",
        "min_size       = 3",
        "min_size       = 2",
        "own_tests_pass",
        "min_size is not as simulated",
        alone=True,
    ),
    Fault(
        "an argument that does not exist",
        "terraform/cluster.tf",
        "deletion_protection           =",
        "delete_protection             =",
        "valid",
        "Unsupported argument",
        alone=True,
    ),
    Fault(
        "a bucket that anybody reads",
        "terraform/frontend.tf",
        "block_public_policy     = true",
        "block_public_policy     = false",
        "pages_are_read_by_cloudfront_alone",
        "block_public_policy is off",
    ),
    Fault(
        "an HPA of a Deployment that nobody makes",
        "helm/values/workloads.yaml",
        "          kind: Deployment\n          name: api\n",
        "          kind: Deployment\n          name: apis\n",
        "autoscalers_scale_something",
        "scales citizen/apis, which nobody makes",
    ),
    Fault(
        "an Ingress to a port that is not there",
        "helm/values/workloads.yaml",
        "servicePort: 80\n",
        "servicePort: 8080\n",
        "calls_arrive",
        "leads to api:8080, which is not there",
    ),
    Fault(
        "an unknown key in the values",
        "helm/values/workloads.yaml",
        "priorityClasses:\n  citizen:\n    value: 100000\n",
        "priorityClasses:\n  citizen:\n    value: 100000\n    prio: 1\n",
        "charts_are_clean",
        "the schema refuses the values",
        alone=True,
    ),
    Fault(
        "a setting that Karpenter has not",
        "helm/values/karpenter.yaml",
        "  batchMaxDuration:",
        "  batchMaximumDuration:",
        "karpenter_knows_its_settings",
        "settings.batchMaximumDuration is no value",
    ),
    Fault(
        "an image without a tag",
        "helm/values/workloads.yaml",
        'wardmitra/admin: "wardmitra/admin:unreleased"',
        'wardmitra/other: "wardmitra/other:unreleased"',
        "images_are_pinned",
        "wardmitra/admin is not pinned",
    ),
    Fault(
        "a misspelt field of a Deployment",
        "helm/values/workloads.yaml",
        "terminationGracePeriodSeconds: 45",
        "terminationGraceSeconds: 45",
        "kubernetes_takes_them",
        "terminationGraceSeconds",
    ),
    Fault(
        "a field that Karpenter no longer has",
        "helm/values/karpenter-resources.yaml",
        '          expireAfter: "168h"\n',
        '          expireAfter: "168h"\n          kubelet: {}\n',
        "kubernetes_takes_them",
        "kubelet",
    ),
    Fault(
        "a budget with a schedule and no duration",
        "helm/values/karpenter-resources.yaml",
        '            duration: "14h"\n',
        "",
        "kubernetes_takes_them",
        "schedule",
        alone=True,
    ),
    Fault(
        "manifests that are not what the charts make",
        "helm/manifests/workloads.yaml",
        "maxReplicas: 16",
        "maxReplicas: 17",
        "manifests_are_what_the_charts_make",
        "HorizontalPodAutoscaler citizen api differs",
    ),
    Fault(
        "a key that is never rotated",
        "terraform/cluster.tf",
        "enable_key_rotation     = true",
        "enable_key_rotation     = false",
        "checkov_is_content",
        "CKV_AWS_7:",
    ),
    Fault(
        "machines that tell anybody who they are",
        "terraform/node_groups.tf",
        'http_tokens                 = "required"',
        'http_tokens                 = "optional"',
        "checkov_is_content",
        "CKV_AWS_79:",
    ),
    Fault(
        "a queue that is not encrypted",
        "terraform/queues.tf",
        "sqs_managed_sse_enabled   = true",
        "sqs_managed_sse_enabled   = false",
        "checkov_is_content",
        "CKV_AWS_27:",
    ),
    Fault(
        "a container that may do anything to its node",
        "helm/manifests/workloads.yaml",
        '          image: "wardmitra/api:unreleased"\n',
        '          image: "wardmitra/api:unreleased"\n          securityContext: {privileged: true}\n',
        "checkov_is_content",
        "CKV_K8S_16:",
    ),
]


def seed(subject, fault):
    """Puts the fault into a copy of an export; the first place counts."""
    path = subject.root / fault.file
    text = path.read_text()
    if fault.old not in text:
        raise SystemExit(f"faults.py: {fault.what}: {fault.file} has no {fault.old!r}")
    path.write_text(text.replace(fault.old, fault.new, 1))
