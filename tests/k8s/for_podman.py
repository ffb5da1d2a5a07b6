#!/usr/bin/python3
"""usage: for_podman.py WORKLOAD POD SECRETS WORK

Prints what `podman play kube` needs to run the pod of one workload of deploy/k8s, under the name POD. Derived, so that
what runs is what the manifests say. Podman 4 knows neither StatefulSets, mounted Secrets, named ports nor fsGroup, and
asks for health with a curl that the image does not have; so

- a workload becomes a Pod, with its ConfigMaps before it and its claims as PersistentVolumeClaims; both and all volumes
  bear the name of the pod, because podman has no namespaces;
- a Secret becomes a folder below WORK with the owner and mode that the manifest asks for, mounted read-only;
- an httpGet probe becomes `facebus health`, a probe of a port the same by bash. Podman has liveness probes only; what
  asks for readiness goes to WORK/POD.ready, a line a container: its name and a command to run inside;
- the pod's rights become each container's.
"""

import base64
import os
import pathlib
import sys

import manifests
import yaml


def find(documents, kind, namespace, name):
    return next((each for each in documents if each["kind"] == kind and manifests.name(each) == name
                 and manifests.namespace(each) == namespace), None)


def folder_of(secret, mode, owner, work):
    folder = pathlib.Path(work) / manifests.namespace(secret) / f"{manifests.name(secret)}-{owner}"
    folder.mkdir(parents=True, exist_ok=True)
    for key, value in secret["data"].items():
        file = folder / key
        file.touch(mode=0o600)
        file.write_bytes(base64.b64decode(value))
        os.chown(file, 0, owner)
        file.chmod(mode)
    return str(folder)


def probe(wanted, ports):
    action = wanted.pop("httpGet", None)
    if action:
        wanted["exec"] = {"command": ["facebus", "health", f"127.0.0.1:{ports[action['port']]}"]}
    action = wanted.pop("tcpSocket", None)
    if action:
        wanted["exec"] = {"command": ["bash", "-c", f"'exec 3<>/dev/tcp/127.0.0.1/{ports[action['port']]}'"]}
    return wanted


def derive(documents, workload, work, pod_name):
    labels, spec = manifests.pod_of(workload)
    namespace = manifests.namespace(workload)
    before = []
    rights = {key: value for key, value in spec["securityContext"].items()
              if key in ("runAsUser", "runAsGroup", "runAsNonRoot")}
    group = spec["securityContext"]["fsGroup"]
    volumes = []
    for volume in spec["volumes"]:
        if "secret" in volume:
            secret = find(documents, "Secret", namespace, volume["secret"]["secretName"])
            path = folder_of(secret, volume["secret"]["defaultMode"], group, work)
            volume = {"name": volume["name"], "hostPath": {"path": path, "type": "Directory"}}
        elif "configMap" in volume:
            config = find(documents, "ConfigMap", namespace, volume["configMap"]["name"])
            called = f"{pod_name}-{volume['configMap']['name']}"
            before.append({**config, "metadata": {"name": called}})
            volume = {"name": volume["name"], "configMap": {"name": called}}
        elif "emptyDir" in volume:
            volume = {"name": volume["name"], "emptyDir": {}}
        volumes.append({**volume, "name": f"{pod_name}-{volume['name']}"})
    for claim in workload["spec"].get("volumeClaimTemplates", []):
        called = f"{manifests.name(claim)}-{manifests.name(workload)}-0"
        before.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": called},
                       "spec": claim["spec"]})
        volumes.append({"name": f"{pod_name}-{manifests.name(claim)}", "persistentVolumeClaim": {"claimName": called}})
    containers, questions = [], []
    for container in spec["containers"]:
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        container = {**container, "securityContext": {**rights, **container["securityContext"]},
                     "image": f"localhost/{container['image']}",
                     "volumeMounts": [{**mount, "name": f"{pod_name}-{mount['name']}"}
                                      for mount in container["volumeMounts"]]}
        container.pop("startupProbe", None)
        ready = probe(container.pop("readinessProbe", {}), ports).get("exec")
        if ready:
            questions.append(f"{pod_name}-{container['name']} {' '.join(ready['command'])}")
        container.pop("envFrom", None)
        # Podman would publish them on the host.
        container.pop("ports", None)
        if "livenessProbe" in container:
            container["livenessProbe"] = probe(container["livenessProbe"], ports)
        containers.append(container)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod_name, "labels": labels},
           "spec": {"containers": containers, "volumes": volumes, "restartPolicy": "Always"}}
    (pathlib.Path(work) / f"{pod_name}.ready").write_text("".join(f"{each}\n" for each in questions))
    return [*before, pod]


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    workload_name, pod_name, keys, work = sys.argv[1:]
    documents = manifests.everything(keys)
    workload = next(each for each in documents if manifests.pod_of(each) and manifests.name(each) == workload_name)
    yaml.safe_dump_all(derive(documents, workload, work, pod_name), sys.stdout, sort_keys=False)


if __name__ == "__main__":
    main()
