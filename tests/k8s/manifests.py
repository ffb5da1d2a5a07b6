"""Loads the manifests of deploy/k8s, as rendered by kustomize, and the Secrets written by make-secrets. Finds insecure
settings of pods."""

import pathlib
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Folders with a kustomization.yaml, in the order in which they are applied.
KUSTOMIZATIONS = ("deploy/k8s", "deploy/k8s/edge", "deploy/k8s/tools")


def render(kustomization):
    """Returns the documents of one kustomization."""
    done = subprocess.run(["kubectl", "kustomize", str(ROOT / kustomization)], stdout=subprocess.PIPE, check=True)
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def all_documents(folder):
    """Returns the Secrets in a folder filled by make-secrets, and the documents of all kustomizations."""
    secrets = [document for file in sorted(pathlib.Path(folder).glob("*.yaml"))
               for document in yaml.safe_load_all(file.read_text()) if document]
    return secrets + [document for each in KUSTOMIZATIONS for document in render(each)]


def pod_of(document):
    """Returns (labels, spec) of the pods that a document creates, or None if it creates none."""
    if document["kind"] == "Pod":
        return document["metadata"].get("labels", {}), document["spec"]
    template = document.get("spec", {}).get("template")
    return template and (template["metadata"]["labels"], template["spec"])


def namespace(document):
    return document["metadata"].get("namespace")


def name(document):
    return document["metadata"]["name"]


def find(documents, kind, wanted_namespace, wanted_name):
    """Returns the document of this kind, namespace and name, or None if there is none."""
    return next((each for each in documents if each["kind"] == kind and namespace(each) == wanted_namespace
                 and name(each) == wanted_name), None)


def restricted_violations(spec):
    """Yields settings of a pod that violate the Pod Security level `restricted`. Does not check AppArmor, SELinux,
    sysctls, procMount, ephemeral containers or settings for Windows."""
    pod = spec.get("securityContext", {})
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield key
    allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
               "projected", "secret"}
    for volume in spec.get("volumes", []):
        if not allowed & volume.keys():
            yield f"volume {volume['name']}"
    for container in spec["containers"] + spec.get("initContainers", []):
        own = container.get("securityContext", {})
        both = {**pod, **own}
        if own.get("privileged"):
            yield "privileged"
        if own.get("allowPrivilegeEscalation") is not False:
            yield "allowPrivilegeEscalation"
        if both.get("runAsNonRoot") is not True or both.get("runAsUser") == 0:
            yield "root"
        if both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield "seccompProfile"
        capabilities = own.get("capabilities", {})
        if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield "capabilities"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield "hostPort"
