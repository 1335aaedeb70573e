"""What checkov says of an export, and what it may: opinions that a simulated configuration does not decide, each with its reason."""

import json
import os
import subprocess

from rules import rule
from subject import Failed

# checkov itself; it has a Python environment of its own.
COMMAND = os.environ.get("CHECKOV")
FRAMEWORKS = ["terraform", "kubernetes"]

POD = "a pod template is what the user wrote, field for field"
PAGES = "the pages are public, and the same for everybody"
# What may fail, and why.
ALLOWED = {
    "CKV2_AWS_11": "flow logs cost by the GB and were not simulated",
    "CKV2_AWS_12": "nothing is in the default security group of the VPC",
    "CKV2_AWS_47": PAGES,
    "CKV2_AWS_61": "releases of the pages are small, and an old one may be wanted again",
    "CKV2_AWS_62": "nobody waits for news of the bucket",
    "CKV2_AWS_64": "the key has the policy that AWS gives keys: the account decides by IAM",
    "CKV2_K8S_6": "who may talk to whom is not in a scenario",
    "CKV_AWS_18": PAGES,
    "CKV_AWS_37": "which logs are kept is a variable: they cost by the GB",
    "CKV_AWS_38": "from where the endpoint may be reached is a variable",
    "CKV_AWS_39": "without a public endpoint Terraform itself would have to run inside the VPC",
    "CKV_AWS_68": "a firewall costs by the request and was not simulated",
    "CKV_AWS_86": PAGES,
    "CKV_AWS_144": "the pages come from a repository, from where they can be put there again",
    "CKV_AWS_145": PAGES,
    "CKV_AWS_158": "logs are encrypted with the key of CloudWatch",
    "CKV_AWS_310": "one bucket serves the pages",
    "CKV_AWS_338": "how long logs are kept is a variable: they cost by the GB",
    "CKV_AWS_339": "the list of releases in checkov is older than the release",
    "CKV_AWS_355": "the policy is that of the load balancer controller's release, which describes what has no name yet",
    "CKV_AWS_374": PAGES,
    "CKV_K8S_8": POD,
    "CKV_K8S_9": POD,
    "CKV_K8S_10": POD,
    "CKV_K8S_11": POD,
    "CKV_K8S_12": POD,
    "CKV_K8S_13": POD,
    "CKV_K8S_15": POD,
    "CKV_K8S_20": POD,
    "CKV_K8S_21": "the namespace is that of the scenario",
    "CKV_K8S_22": POD,
    "CKV_K8S_23": POD,
    "CKV_K8S_28": POD,
    "CKV_K8S_29": POD,
    "CKV_K8S_30": POD,
    "CKV_K8S_31": POD,
    "CKV_K8S_37": POD,
    "CKV_K8S_38": POD,
    "CKV_K8S_40": POD,
    "CKV_K8S_43": "an image has the tag that was released; its digest belongs to a registry",
}


def reports(subject):
    """What checkov says of each framework."""
    command = [COMMAND, "--skip-download", "--quiet", "--compact", "--soft-fail", "-o", "json"]
    command += ["-d", subject.terraform_dir, "-d", subject.root / "helm/manifests", "--framework", *FRAMEWORKS]
    said = subprocess.run(command, capture_output=True, text=True)
    # One document a folder; the last has those before it.
    begins = [place for place in (said.stdout.rfind("\n["), said.stdout.find("[")) if place >= 0]
    try:
        return json.loads(said.stdout[begins[0] :])
    except (IndexError, json.JSONDecodeError):
        raise Failed(f"checkov: {said.stdout[-500:]}{said.stderr[-500:]}") from None


def checkov_is_content(subject):
    """Nothing that checkov finds is outside of what may be, and there is nothing it cannot read."""
    read = 0
    for report in reports(subject):
        read += report["summary"]["resource_count"]
        if report["summary"]["parsing_errors"]:
            yield f"checkov cannot read {report['results'].get('parsing_errors')}"
        for check in report["results"]["failed_checks"]:
            if check["check_id"] not in ALLOWED:
                yield f"{check['resource']}: {check['check_id']}: {check['check_name']}"
    if read < len(subject.manifests):
        yield f"checkov has read {read} resources only"


if COMMAND:
    rule(checkov_is_content)
