"""An exported folder, and what the real tools make of it: the plan, the applied state, the rendered charts."""

import copy
import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import helm_python
import yaml

# Labels by which Helm knows its own; the plain manifests have none.
HELM_LABELS = ("helm.sh/chart", "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by")


class Failed(Exception):
    """A tool refused."""


def quiet(function):
    """Helm's library writes to stderr as it likes."""

    @functools.wraps(function)
    def silent(*arguments):
        sys.stderr.flush()
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        try:
            return function(*arguments)
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)

    return silent


class Subject:
    """A copy of an exported folder to be asked."""

    def __init__(self, export, work):
        self.name = Path(export).name
        self.root = Path(work)
        shutil.copytree(export, self.root)
        self.terraform_dir = self.root / "terraform"

    # --- files ---

    def files(self):
        return sorted(path for path in self.root.rglob("*") if path.is_file() and ".terraform" not in path.parts)

    def charts(self):
        return sorted((self.root / "helm/charts").iterdir())

    def values(self, chart):
        return yaml.safe_load((self.root / f"helm/values/{chart}.yaml").read_text())

    @functools.cached_property
    def manifests(self):
        """Objects of `helm/manifests`."""
        documents = [yaml.safe_load_all(path.read_text()) for path in sorted((self.root / "helm/manifests").iterdir())]
        return [document for file in documents for document in file if document]

    # --- Terraform ---

    def terraform(self, *arguments):
        done = subprocess.run(
            ["terraform", *arguments], cwd=self.terraform_dir, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        if done.returncode != 0:
            raise Failed(f"terraform {arguments[0]}:\n{(done.stdout + done.stderr).strip()}")
        return done.stdout

    @functools.cached_property
    def initialized(self):
        return self.terraform("init", "-backend=false", "-input=false", "-no-color")

    @functools.cached_property
    def plan(self):
        """The plan as `terraform show -json` has it."""
        self.initialized
        self.terraform("plan", "-input=false", "-no-color", "-out=plan")
        return json.loads(self.terraform("show", "-json", "plan"))

    @functools.cached_property
    def state(self):
        """Resources by address after the plan was applied, with values made up for what AWS would have said."""
        self.plan
        self.terraform("apply", "-input=false", "-no-color", "plan")
        resources = json.loads(self.terraform("show", "-json"))["values"]["root_module"]["resources"]
        return {resource["address"]: resource for resource in resources}

    def applied(self, kind):
        """The values of every resource of a type, by its key."""
        managed = (resource for resource in self.state.values() if resource["mode"] == "managed")
        return {resource.get("index"): resource["values"] for resource in managed if resource["type"] == kind}

    def configured(self, address):
        """A resource as it is configured."""
        resources = self.plan["configuration"]["root_module"]["resources"]
        return next((resource for resource in resources if resource["address"] == address), None)

    @property
    def variables(self):
        return {name: variable.get("value") for name, variable in self.plan["variables"].items()}

    # --- Helm ---

    @functools.cached_property
    def rendered(self):
        """Objects that the charts make of the values."""
        return [document for chart in self.charts() for document in render(chart, self.values(chart.name))]


@quiet
def render(chart, values):
    try:
        loaded = helm_python.Chart.load(str(chart))
        rendered = loaded.render(copy.deepcopy(values), name=chart.name, namespace="kube-system")
    except helm_python.errors.HelmError as error:
        raise Failed(f"helm template {chart.name}: {error}") from error
    documents = [yaml.safe_load_all(text) for text in rendered.values()]
    return [document for file in documents for document in file if document]


@quiet
def lint(chart, values):
    result = helm_python.lint(str(chart), values, strict=True, kube_version="v1.35.0")
    # Severity 1 is a piece of advice: that a chart should have an icon.
    return list(result["errors"]) + [message for message in result["messages"] if message["severity"] > 1]


@quiet
def accepts(chart, values):
    """Whether the chart's schema takes the values."""
    try:
        helm_python.Chart.load(str(chart)).validate_schema(values)
    except helm_python.errors.HelmValuesError:
        return False
    return True


def key(document):
    metadata = document["metadata"]
    return document["kind"], metadata.get("namespace", ""), metadata["name"]


def plain(document):
    """An object without the labels by which Helm knows its own."""
    document = copy.deepcopy(document)
    labels = document["metadata"].get("labels", {})
    for label in HELM_LABELS:
        labels.pop(label, None)
    if not labels:
        document["metadata"].pop("labels", None)
    return document
