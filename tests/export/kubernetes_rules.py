"""Rules of the charts, and of the objects they make: of each alone, among themselves, and with what Terraform makes."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import yaml

import crd
from rules import rule
from subject import accepts, key, lint, plain

CRDS = crd.load()
KUBERNETES = "1.35"
# Namespaces that every cluster has.
BUILT_IN = {"default", "kube-system", "kube-public", "kube-node-lease"}
# Labels that nodes have of themselves, or that Karpenter knows.
WELL_KNOWN = ("kubernetes.io/", "node.kubernetes.io/", "topology.kubernetes.io/", "karpenter.k8s.aws/", "karpenter.sh/", "eks.amazonaws.com/")


def of_kind(subject, *kinds):
    return [document for document in subject.rendered if document["kind"] in kinds]


def pod_of(document):
    return document["spec"]["template"]["spec"]


def named(document):
    kind, namespace, name = key(document)
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


@rule
def charts_are_clean(subject):
    """`helm lint --strict`, and schemas that take our values and no unknown key."""
    for chart in subject.charts():
        values = subject.values(chart.name)
        yield from (f"{chart.name}: {message}" for message in lint(chart, values))
        if not accepts(chart, values):
            yield f"{chart.name}: the schema refuses the values"
        for path in [[], *object_paths(chart.name, values)]:
            wrong = copy.deepcopy(values)
            at = wrong
            for step in path:
                at = at[step]
            at["surprise"] = {}
            if accepts(chart, wrong):
                yield f"{chart.name}: the schema takes an unknown key in {'/'.join(path) or 'the values'}"


def object_paths(chart, values):
    """Places where every key has a meaning."""
    if chart == "workloads":
        for name, service in values["services"].items():
            yield ["services", name]
            yield ["services", name, "deployment"]
        yield from (["priorityClasses", name] for name in values["priorityClasses"])
    else:
        yield from (["nodePools", name] for name in values["nodePools"])


@rule
def karpenter_knows_its_settings(subject):
    """The values for Karpenter's own chart, which has no schema, are values that it has."""
    if (subject.root / "helm/values/karpenter.yaml").exists():
        known = yaml.safe_load((Path(__file__).parent / "charts/karpenter.yaml").read_text())
        yield from (f"{path} is no value of the chart" for path in unknown(subject.values("karpenter"), known))


def unknown(values, known, path=""):
    """Keys that are not among the known ones; a known map with nothing in it takes any."""
    for name, value in values.items():
        if name not in known:
            yield f"{path}{name}"
        elif isinstance(value, dict) and known[name]:
            yield from unknown(value, known[name], f"{path}{name}.")


@rule
def manifests_are_what_the_charts_make(subject):
    """`helm/manifests` are the charts with the values, without Helm's own labels."""
    rendered = {key(document): plain(document) for document in subject.rendered}
    written = {key(document): document for document in subject.manifests}
    for what in sorted(rendered.keys() | written.keys()):
        if rendered.get(what) != written.get(what):
            yield f"{' '.join(filter(None, what))} differs"


@rule
def kubernetes_takes_them(subject):
    """Built-in kinds against the API's own schemas, strictly; every other kind has a CRD here and obeys it."""
    built_in = []
    for document in subject.rendered:
        mistakes = crd.mistakes(document, CRDS)
        if mistakes is None:
            built_in.append(document)
        else:
            yield from (f"{named(document)}: {mistake}" for mistake in mistakes)
    path = subject.root / "built-in.yaml"
    path.write_text(yaml.safe_dump_all(built_in))
    done = subprocess.run(
        [sys.executable, "-m", "kubernetes_validate", "-k", KUBERNETES, "--strict", path],
        capture_output=True,
        text=True,
    )
    path.unlink()
    said = done.stdout + done.stderr
    if done.returncode != 0 or "WARN" in said:
        yield said.strip()


@rule
def namespaces_exist(subject):
    """Every object is in a namespace that Terraform makes, or that every cluster has."""
    made = BUILT_IN | {name for name in subject.variables["namespaces"]}
    for document in subject.rendered:
        namespace = document["metadata"].get("namespace")
        if namespace and namespace not in made:
            yield f"{named(document)}: nobody makes its namespace"


@rule
def service_accounts_exist(subject):
    """Pods run as service accounts that Terraform makes, each with its association."""
    made = {(account["namespace"], account["name"]) for account in subject.variables["service_accounts"].values()}
    for document in of_kind(subject, "Deployment", "DaemonSet"):
        name = pod_of(document).get("serviceAccountName")
        if document["kind"] == "Deployment" or name:
            if (document["metadata"]["namespace"], name) not in made:
                yield f"{named(document)}: nobody makes the service account {name}"


@rule
def node_classes_exist(subject):
    """Every NodePool has its EC2NodeClass; weights tell which of two comes first."""
    classes = {document["metadata"]["name"] for document in of_kind(subject, "EC2NodeClass")}
    for pool in of_kind(subject, "NodePool"):
        name = pool["spec"]["template"]["spec"]["nodeClassRef"]["name"]
        if name not in classes:
            yield f"{named(pool)}: nobody makes the EC2NodeClass {name}"


def pools(subject):
    """Labels and taints of every kind of node: of NodePools, then of node groups."""
    found = []
    for pool in of_kind(subject, "NodePool"):
        template = pool["spec"]["template"]
        labels = dict(template.get("metadata", {}).get("labels", {}), **{"karpenter.sh/nodepool": pool["metadata"]["name"]})
        found.append((pool["metadata"]["name"], labels, template["spec"].get("taints") or []))
    effects = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}
    for name, group in subject.variables["node_groups"].items():
        taints = [dict(taint, effect=effects.get(taint["effect"])) for taint in group["taints"]]
        found.append((name, group["labels"], taints))
    return found


def tolerates(toleration, taint):
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return not toleration.get("key") or toleration["key"] == taint["key"]
    return toleration.get("key") == taint["key"] and toleration.get("value", "") == taint.get("value", "")


def selected(pod, labels):
    """Whether a node selector takes a node with these labels; what nodes have of themselves is not looked at."""
    return all(labels.get(name) == value for name, value in pod.get("nodeSelector", {}).items() if not name.startswith(WELL_KNOWN))


@rule
def pods_have_nodes(subject):
    """Every Deployment has a kind of node that its selector takes and whose taints it bears."""
    for document in of_kind(subject, "Deployment"):
        pod = pod_of(document)
        bears = lambda taint: any(tolerates(toleration, taint) for toleration in pod.get("tolerations", []))
        fits = [name for name, labels, taints in pools(subject) if selected(pod, labels) and all(map(bears, taints))]
        if not fits:
            yield f"{named(document)}: no node takes it"


@rule
def isolation_is_two_sided(subject):
    """Who bears the taint of a NodePool is also kept there by its selector: a toleration alone lets a pod in and does not hold it."""
    for document in of_kind(subject, "Deployment"):
        pod = pod_of(document)
        for name, labels, taints in pools(subject):
            lets_in = [t for t in taints if any(one.get("key") and tolerates(one, t) for one in pod.get("tolerations", []))]
            elsewhere = [other for other, others, _ in pools(subject) if other != name and selected(pod, others)]
            if lets_in and elsewhere:
                yield f"{named(document)}: bears the taint of {name} and may yet run on {', '.join(elsewhere)}"


@rule
def autoscalers_scale_something(subject):
    """One autoscaler for a Deployment that exists and says no number of its own; what it measures is asked for."""
    deployments = {key(document)[1:]: document for document in of_kind(subject, "Deployment")}
    seen = set()
    for document in of_kind(subject, "HorizontalPodAutoscaler", "ScaledObject"):
        spec, namespace = document["spec"], document["metadata"]["namespace"]
        target = (namespace, spec["scaleTargetRef"]["name"])
        if target not in deployments:
            yield f"{named(document)}: scales {'/'.join(target)}, which nobody makes"
            continue
        if target in seen:
            yield f"{named(document)}: something else scales {'/'.join(target)} too"
        seen.add(target)
        if "replicas" in deployments[target]["spec"]:
            yield f"{named(document)}: its Deployment has replicas, which every upgrade would set back"
        low = spec.get("minReplicas", spec.get("minReplicaCount", 0))
        if low > spec.get("maxReplicas", spec.get("maxReplicaCount", 100)):
            yield f"{named(document)}: its minimum is above its maximum"
        measured = [metric["resource"]["name"] for metric in spec.get("metrics", []) if metric["type"] == "Resource"]
        for container in pod_of(deployments[target])["containers"]:
            for name in measured:
                if name not in container.get("resources", {}).get("requests", {}):
                    yield f"{named(document)}: measures {name}, which container {container['name']} does not ask for"
        authentications = {key(other)[1:] for other in of_kind(subject, "TriggerAuthentication")}
        for trigger in spec.get("triggers", []):
            reference = trigger.get("authenticationRef", {}).get("name")
            if reference and (namespace, reference) not in authentications:
                yield f"{named(document)}: nobody makes the TriggerAuthentication {reference}"


def smallest(subject, deployment):
    """The fewest pods a Deployment has while it has any."""
    for document in of_kind(subject, "HorizontalPodAutoscaler", "ScaledObject"):
        if (document["metadata"]["namespace"], document["spec"]["scaleTargetRef"]["name"]) == key(deployment)[1:]:
            spec = document["spec"]
            return max(spec.get("minReplicas", spec.get("minReplicaCount", 0)), 1)
    return deployment["spec"].get("replicas", 1)


def matches(selector, labels):
    return all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())


@rule
def budgets_let_nodes_go(subject):
    """A PodDisruptionBudget guards some Deployment, and never so well that a node cannot be drained."""
    for budget in of_kind(subject, "PodDisruptionBudget"):
        spec = budget["spec"]
        guarded = [
            document
            for document in of_kind(subject, "Deployment")
            if document["metadata"]["namespace"] == budget["metadata"]["namespace"]
            and matches(spec["selector"], document["spec"]["template"]["metadata"]["labels"])
        ]
        if not guarded:
            yield f"{named(budget)}: guards nothing"
        for document in guarded:
            pods = smallest(subject, document)
            if "maxUnavailable" in spec:
                allowed = share(spec["maxUnavailable"], pods)
            else:
                allowed = pods - share(spec["minAvailable"], pods)
            if allowed < 1:
                yield f"{named(budget)}: of {pods} pods of {named(document)} none may go, so their nodes never do"


def share(number, pods):
    """A count, or a percentage of pods, which Kubernetes rounds up."""
    return -(-int(number[:-1]) * pods // 100) if isinstance(number, str) and number.endswith("%") else int(number)


@rule
def calls_arrive(subject):
    """A Service has pods behind it, an Ingress a Service with that port."""
    services = {key(document)[1:]: document for document in of_kind(subject, "Service")}
    for service in services.values():
        pods = [
            document
            for document in of_kind(subject, "Deployment")
            if document["metadata"]["namespace"] == service["metadata"]["namespace"]
            and matches({"matchLabels": service["spec"]["selector"]}, document["spec"]["template"]["metadata"]["labels"])
        ]
        if not pods:
            yield f"{named(service)}: no pods are behind it"
    for ingress in of_kind(subject, "Ingress"):
        for one in ingress["spec"]["rules"]:
            for path in one["http"]["paths"]:
                backend = path["backend"]["service"]
                service = services.get((ingress["metadata"]["namespace"], backend["name"]))
                ports = [port["port"] for port in service["spec"]["ports"]] if service else []
                if backend["port"]["number"] not in ports:
                    yield f"{named(ingress)}: leads to {backend['name']}:{backend['port']['number']}, which is not there"


@rule
def images_are_pinned(subject):
    """Every image has a digest, or a tag that is not `latest`."""
    for document in of_kind(subject, "Deployment", "DaemonSet"):
        for container in pod_of(document)["containers"] + pod_of(document).get("initContainers", []):
            image = container["image"].rsplit("/", 1)[-1]
            if "@" not in image and (":" not in image or image.endswith(":latest")):
                yield f"{named(document)}: {container['image']} is not pinned"


@rule
def text_stays_text(subject):
    """A second reader, of YAML 1.1, finds in the values what the first, of JSON, finds in the objects: no `yes` became true."""
    for document in subject.rendered:
        for value in leaves(document["metadata"].get("labels", {})):
            if not isinstance(value, str):
                yield f"{named(document)}: the label value {json.dumps(value)} is no text"


def leaves(value):
    return list(value.values())
