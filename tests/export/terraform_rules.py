"""Rules of the Terraform root module: of its text, its plan, and what was applied with made-up answers of AWS."""

import ipaddress
import json
import re

import botocore.session
import parliament

from rules import rule

NODE_POLICIES = {
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonSSMManagedInstanceCore",
}
# What Karpenter hears of (its CloudFormation template, v1.14).
EVENTS = {
    ("aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning"),
    ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    ("aws.ec2", "EC2 Instance State-change Notification"),
    ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    ("aws.health", "AWS Health Event"),
}
# Characters of a managed policy, white space not counted.
POLICY_MAX = 6144
SERVICE_RANGES = ["10.100.0.0/16", "172.20.0.0/16"]
# What parliament knows from before these existed, or says of made-up ARNs.
PARLIAMENT_ADVICE = {"RESOURCE_MISMATCH", "RESOURCE_STAR", "UNKNOWN_CONDITION_FOR_ACTION", "MALFORMED", "SENSITIVE_ACTION"}


@rule
def formatted(subject):
    """`terraform fmt -check` has nothing to say."""
    subject.terraform("fmt", "-check", "-recursive", ".")
    return []


@rule
def providers_are_bounded(subject):
    """Every provider has a source and a version; nothing of a run is shipped."""
    for shipped in (".terraform", ".terraform.lock.hcl", "terraform.tfstate"):
        if (subject.terraform_dir / shipped).exists() and "initialized" not in subject.__dict__:
            yield f"{shipped} is shipped"
    subject.initialized
    text = (subject.terraform_dir / "versions.tf").read_text()
    sources, versions = re.findall(r"source\s+=", text), re.findall(r'version\s+= "~> \d+\.\d+"', text)
    if len(sources) != 3 or len(versions) != 3:
        yield "a provider has no source or no bounded version"


@rule
def valid(subject):
    """`terraform validate`: no error, no warning."""
    subject.initialized
    answer = json.loads(subject.terraform("validate", "-json"))
    yield from (diagnostic["summary"] for diagnostic in answer["diagnostics"])


@rule
def plans_to_create(subject):
    """`terraform plan` makes everything anew and changes nothing."""
    if subject.plan.get("errored"):
        yield "the plan has errors"
    for change in subject.plan["resource_changes"]:
        if change["change"]["actions"] != ["create"]:
            yield f"{change['address']}: {change['change']['actions']}"


@rule
def own_tests_pass(subject):
    """`terraform test`, with mocked providers."""
    subject.initialized
    output = subject.terraform("test", "-no-color")
    if not re.search(r"[1-9]\d* passed, 0 failed", output):
        yield output


@rule
def node_groups_are_as_given(subject):
    """The plan's node groups have the numbers of `terraform.tfvars`."""
    given = subject.variables["node_groups"]
    planned = subject.applied("aws_eks_node_group")
    if set(given) != set(planned):
        yield f"{sorted(given)} are given, {sorted(planned)} planned"
    for name in set(given) & set(planned):
        group, values = given[name], planned[name]
        scaling = values["scaling_config"][0]
        for size in ("min_size", "desired_size", "max_size"):
            if scaling[size] != group[size]:
                yield f"{name}: {size} is {scaling[size]}"
        for field in ("instance_types", "capacity_type", "ami_type"):
            if values[field] != group[field]:
                yield f"{name}: {field} is {values[field]}"
        if not scaling["min_size"] <= scaling["desired_size"] <= scaling["max_size"]:
            yield f"{name}: sizes are out of order"


def enumeration(service, shape):
    return set(botocore.session.get_session().get_service_model(service).shape_for(shape).enum)


@rule
def words_are_those_of_aws(subject):
    """Enumerations are checked by providers alone; AWS' own API models have the words."""
    expected = []
    for name, group in subject.applied("aws_eks_node_group").items():
        expected.append((f"{name} ami_type", group["ami_type"], enumeration("eks", "AMITypes")))
        expected.append((f"{name} capacity_type", group["capacity_type"], enumeration("eks", "CapacityTypes")))
        for taint in group["taint"]:
            expected.append((f"{name} taint", taint["effect"], enumeration("eks", "TaintEffect")))
    for cluster in subject.applied("aws_eks_cluster").values():
        mode = cluster["access_config"][0]["authentication_mode"]
        expected.append(("authentication_mode", mode, {"API"} & enumeration("eks", "AuthenticationMode")))
        support = cluster["upgrade_policy"][0]["support_type"]
        expected.append(("support_type", support, enumeration("eks", "SupportType")))
        for log in cluster["enabled_cluster_log_types"]:
            expected.append(("log type", log, enumeration("eks", "LogType")))
    for template in subject.applied("aws_launch_template").values():
        tokens = template["metadata_options"][0]["http_tokens"]
        expected.append(("http_tokens", tokens, {"required"} & enumeration("ec2", "LaunchTemplateHttpTokensState")))
    for distribution in subject.applied("aws_cloudfront_distribution").values():
        expected.append(("price_class", distribution["price_class"], enumeration("cloudfront", "PriceClass")))
        policy = distribution["default_cache_behavior"][0]["viewer_protocol_policy"]
        expected.append(("viewer_protocol_policy", policy, enumeration("cloudfront", "ViewerProtocolPolicy")))
    for what, word, words in expected:
        if word not in words:
            yield f"{what}: {word} is none of {sorted(words)}"


@rule
def subnets_do_not_collide(subject):
    """Two zones at least; ranges that do not overlap; load balancers are told which subnets are whose."""
    private, public = ({}, {})
    for address, resource in subject.state.items():
        if resource["type"] == "aws_subnet":
            (private if ".private[" in address else public)[resource["index"]] = resource["values"]
    if len(private) < 2 or set(private) != set(public):
        yield f"private subnets in {sorted(private)}, public ones in {sorted(public)}"
    ranges = [ipaddress.ip_network(subnet["cidr_block"]) for subnet in [*private.values(), *public.values()]]
    ranges += [ipaddress.ip_network(text) for text in SERVICE_RANGES]
    for place, one in enumerate(ranges):
        for other in ranges[place + 1 :]:
            if one.overlaps(other):
                yield f"{one} overlaps {other}"
    for zone, subnet in private.items():
        if subnet["tags"].get("kubernetes.io/role/internal-elb") != "1":
            yield f"the private subnet of {zone} is not tagged for internal load balancers"
    for zone, subnet in public.items():
        if subnet["tags"].get("kubernetes.io/role/elb") != "1":
            yield f"the public subnet of {zone} is not tagged for load balancers"
        if "karpenter.sh/discovery" in subnet["tags"]:
            yield f"nodes would be put into the public subnet of {zone}"


@rule
def node_classes_find_what_they_select(subject):
    """The tags that an EC2NodeClass selects by are on every private subnet, and on one security group."""
    subnets = [r["values"]["tags"] for a, r in subject.state.items() if a.startswith("aws_subnet.private[")]
    group = {tag["key"]: tag["value"] for tag in subject.applied("aws_ec2_tag").values()}
    for document in subject.rendered:
        if document["kind"] != "EC2NodeClass":
            continue
        name, spec = document["metadata"]["name"], document["spec"]
        for term in spec["subnetSelectorTerms"]:
            if not all(has(tags, term.get("tags", {})) for tags in subnets):
                yield f"{name}: no subnet has the tags {term.get('tags')}"
        for term in spec["securityGroupSelectorTerms"]:
            if not has(group, term.get("tags", {})):
                yield f"{name}: no security group has the tags {term.get('tags')}"


def has(tags, wanted):
    return all(key in tags and value in ("*", tags[key]) for key, value in wanted.items())


@rule
def karpenter_hears_of_interruptions(subject):
    """The five rules, each with the queue as its target, and a queue that takes what they send."""
    queue = subject.state.get("aws_sqs_queue.karpenter")
    if queue is None:
        return
    rules = subject.applied("aws_cloudwatch_event_rule")
    patterns = [json.loads(values["event_pattern"]) for values in rules.values()]
    heard = {(source, kind) for pattern in patterns for source in pattern["source"] for kind in pattern["detail-type"]}
    if heard != EVENTS:
        yield f"hears of {sorted(heard)}"
    targets = subject.applied("aws_cloudwatch_event_target")
    if {values["rule"] for values in targets.values()} != {values["name"] for values in rules.values()}:
        yield "a rule has no target"
    if any(values["arn"] != queue["values"]["arn"] for values in targets.values()):
        yield "a target is not the queue"
    policy = json.loads(subject.state["aws_sqs_queue_policy.karpenter"]["values"]["policy"])
    allowed = [s for s in policy["Statement"] if s["Effect"] == "Allow" and s["Action"] == "sqs:SendMessage"]
    if not any("events.amazonaws.com" in statement["Principal"]["Service"] for statement in allowed):
        yield "the queue does not take what EventBridge sends"


@rule
def karpenter_is_told_of_cluster_and_queue(subject):
    """The chart's values refer to the resources, not to names that happen to be theirs."""
    release = subject.configured("helm_release.karpenter")
    if release is None:
        return
    references = release["expressions"]["values"]["references"]
    if "aws_eks_cluster.this.name" not in references:
        yield "clusterName does not refer to the cluster"
    if "aws_sqs_queue.karpenter" in subject.state and "local.karpenter_interruption_settings" not in references:
        yield "interruptionQueue does not refer to the queue"


@rule
def nodes_may_join(subject):
    """The role of an EC2NodeClass is a name, and that role has an access entry and what a node needs."""
    roles = {values["name"] for values in subject.applied("aws_iam_role").values()} | {
        resource["values"]["name"] for a, resource in subject.state.items() if a.startswith("aws_iam_role.")
    }
    entries = subject.applied("aws_eks_access_entry")
    attached = [r["values"] for r in subject.state.values() if r["type"] == "aws_iam_role_policy_attachment"]
    for document in subject.rendered:
        if document["kind"] != "EC2NodeClass" or "role" not in document["spec"]:
            continue
        role = document["spec"]["role"]
        if role not in roles:
            yield f"{document['metadata']['name']}: nobody makes the role {role}"
            continue
        if entries.get(role, {}).get("type") != "EC2_LINUX":
            yield f"{role} has no access entry for nodes"
        has_policies = {v["policy_arn"].rsplit("/", 1)[-1] for v in attached if v["role"] == role}
        if not NODE_POLICIES <= has_policies:
            yield f"{role} lacks {sorted(NODE_POLICIES - has_policies)}"


def policies(subject):
    """Every policy that Terraform writes, by address."""
    for address, resource in subject.state.items():
        for field in ("policy", "assume_role_policy"):
            text = resource["values"].get(field)
            if resource["mode"] == "managed" and isinstance(text, str) and text.startswith("{"):
                yield f"{address} {field}", json.loads(text)


@rule
def policies_are_small_and_mean_something(subject):
    """No longer than IAM takes, no action that does not exist, no right to everything."""
    for address, policy in policies(subject):
        length = len(re.sub(r"\s", "", json.dumps(policy)))
        if length > POLICY_MAX:
            yield f"{address}: {length} characters"
        for statement in policy["Statement"]:
            if statement.get("Effect") == "Allow" and "*" in (statement.get("Action"), *as_list(statement["Action"])):
                yield f"{address}: allows everything"
        if "Principal" in policy["Statement"][0]:
            continue
        analyzed = parliament.analyze_policy_string(json.dumps(policy))
        for finding in analyzed.findings:
            if finding.issue not in PARLIAMENT_ADVICE:
                yield f"{address}: {finding.issue} {finding.detail}"


def as_list(value):
    return value if isinstance(value, list) else [value]


@rule
def pods_have_the_identities_they_use(subject):
    """Every Pod Identity association is of a service account that somebody makes, and its role trusts EKS for pods."""
    made = {(v["metadata"][0]["namespace"], v["metadata"][0]["name"]) for v in subject.applied("kubernetes_service_account_v1").values()}
    # Made by charts that are not here: their own documented names.
    made |= {
        ("kube-system", "karpenter"),
        ("kube-system", "aws-load-balancer-controller"),
        ("kube-system", "aws-for-fluent-bit"),
        ("kube-system", "cluster-autoscaler"),
        ("kube-system", "ebs-csi-controller-sa"),
        ("keda", "keda-operator"),
    }
    for address, resource in subject.state.items():
        if resource["type"] != "aws_eks_pod_identity_association":
            continue
        values = resource["values"]
        account = (values["namespace"], values["service_account"])
        if account not in made:
            yield f"{address}: nobody makes the service account {'/'.join(account)}"
        role = next(iter(subject.configured(address.split("[")[0])["expressions"]["role_arn"]["references"]))
        trust = json.loads(role_of(subject, role, resource)["assume_role_policy"])["Statement"][0]
        if trust["Principal"] != {"Service": "pods.eks.amazonaws.com"} or set(trust["Action"]) != {"sts:AssumeRole", "sts:TagSession"}:
            yield f"{address}: its role does not trust pods.eks.amazonaws.com"


def role_of(subject, reference, resource):
    address = ".".join(reference.split(".")[:2]).split("[")[0]
    index = f'["{resource["index"]}"]' if "index" in resource else ""
    return subject.state[address + index]["values"]


# What comes before what, directly or through others.
ORDER = [
    ("aws_eks_node_group.this", "aws_eks_addon.before_nodes"),
    ("aws_eks_addon.on_nodes", "aws_eks_node_group.this"),
    ("helm_release.karpenter", "helm_release.karpenter_crd"),
    ("helm_release.karpenter_resources", "helm_release.karpenter"),
    ("helm_release.workloads", "helm_release.karpenter_resources"),
    ("helm_release.workloads", "helm_release.cluster_autoscaler"),
    ("helm_release.workloads", "helm_release.keda"),
    ("helm_release.workloads", "helm_release.load_balancer_controller"),
    ("helm_release.workloads", "kubernetes_service_account_v1.this"),
    ("helm_release.workloads", "aws_eks_pod_identity_association.service"),
    ("kubernetes_service_account_v1.this", "kubernetes_namespace_v1.this"),
]


@rule
def things_come_in_order(subject):
    """Add-ons before the nodes that need them, CRDs before controllers, controllers before objects."""
    for later, earlier in ORDER:
        resource = subject.configured(later)
        if resource and subject.configured(earlier) and earlier not in resource.get("depends_on", []):
            yield f"{later} does not wait for {earlier}"
    for keys in (resource["values"]["addon_name"] for a, resource in subject.state.items() if "before_nodes" in a):
        if keys not in ("eks-pod-identity-agent", "kube-proxy", "vpc-cni"):
            yield f"{keys} is installed before there are nodes"
    before = [a for a in subject.state if a.startswith("aws_eks_addon.before_nodes[")]
    if len(before) != 3:
        yield "vpc-cni, kube-proxy or eks-pod-identity-agent is not installed before the nodes"


@rule
def pages_are_read_by_cloudfront_alone(subject):
    """The bucket is shut, and CloudFront signs what it asks."""
    if "aws_s3_bucket.frontend" not in subject.state:
        return
    values = {address: resource["values"] for address, resource in subject.state.items()}
    block = values["aws_s3_bucket_public_access_block.frontend"]
    flags = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    yield from (f"{flag} is off" for flag in flags if block[flag] is not True)
    if values["aws_s3_bucket_ownership_controls.frontend"]["rule"][0]["object_ownership"] != "BucketOwnerEnforced":
        yield "objects may have other owners"
    distribution = values["aws_cloudfront_distribution.frontend"]
    for statement in json.loads(values["aws_s3_bucket_policy.frontend"]["policy"])["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        source = statement.get("Condition", {}).get("StringEquals", {}).get("AWS:SourceArn")
        if statement["Principal"] != {"Service": "cloudfront.amazonaws.com"} or source != distribution["arn"]:
            yield "somebody else may read the bucket"
    for origin in distribution["origin"]:
        if not origin["origin_access_control_id"] or origin["s3_origin_config"]:
            yield "CloudFront does not sign its requests"
    if distribution["default_cache_behavior"][0]["viewer_protocol_policy"] == "allow-all":
        yield "pages go over plain HTTP"
