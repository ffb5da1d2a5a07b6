"""The manifests of deploy/k8s as kustomize renders them, and the Secrets of make-secrets."""

import pathlib
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
# In the order in which they are applied.
KUSTOMIZATIONS = ("deploy/k8s", "deploy/k8s/edge", "deploy/k8s/tools")


def render(kustomization):
    """The documents of one kustomization."""
    done = subprocess.run(["kubectl", "kustomize", str(ROOT / kustomization)], stdout=subprocess.PIPE, check=True)
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def secrets(folder):
    return [document for file in sorted(pathlib.Path(folder).glob("*.yaml"))
            for document in yaml.safe_load_all(file.read_text()) if document]


def everything(folder):
    return secrets(folder) + [document for each in KUSTOMIZATIONS for document in render(each)]


def pod_of(document):
    """(labels, spec) of the pods that a document asks for, or nothing."""
    if document["kind"] == "Pod":
        return document["metadata"].get("labels", {}), document["spec"]
    template = document.get("spec", {}).get("template")
    return template and (template["metadata"]["labels"], template["spec"])


def namespace(document):
    return document["metadata"].get("namespace")


def name(document):
    return document["metadata"]["name"]
