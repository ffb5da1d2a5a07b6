"""What `podman play kube` needs to run a pod, derived from what was applied, so that what runs is what the manifests
say. Podman 4 knows neither namespaces, StatefulSets, mounted Secrets, named ports nor fsGroup, and asks for health with
a curl that the image does not have; so

- ConfigMaps and claims come before the pod, and they and all volumes bear its name;
- a Secret becomes a folder as the kubelet makes it, with the owner and mode that the manifest asks for; one in the
  environment becomes variables;
- an httpGet probe becomes `facebus health`, a probe of a port the same by bash; podman has liveness probes only, and
  those for readiness are the cluster's to ask;
- the pod's rights become each container's.
"""

import base64
import os
import shutil
import uuid

import manifests


def fill(folder, secret, mode, group):
    """The files of a mounted Secret, all exchanged in one step: each is a link into a folder that a link leads to."""
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "..data"
    old = link.resolve() if link.is_symlink() else None
    new = folder / f"..{uuid.uuid4().hex}"
    new.mkdir()
    for key, value in secret["data"].items():
        file = new / key
        file.touch(mode=0o600)
        file.write_bytes(base64.b64decode(value))
        os.chown(file, 0, group)
        file.chmod(mode)
    (folder / "..new").symlink_to(new.name)
    (folder / "..new").rename(link)
    for file in folder.glob("[!.]*"):
        if file.name not in secret["data"]:
            file.unlink()
    for key in secret["data"]:
        if not (folder / key).is_symlink():
            (folder / key).symlink_to(f"..data/{key}")
    if old:
        shutil.rmtree(old)


def action(probe, ports):
    """The command of a probe."""
    if "httpGet" in probe:
        return ["facebus", "health", f"127.0.0.1:{ports[probe['httpGet']['port']]}"]
    if "tcpSocket" in probe:
        return ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{ports[probe['tcpSocket']['port']]}"]
    return probe["exec"]["command"]


def liveness(probe, ports):
    command = action(probe, ports)
    kept = {key: value for key, value in probe.items() if key not in ("httpGet", "tcpSocket", "exec")}
    # Podman hands the words to a shell.
    return {**kept, "exec": {"command": [f"'{word}'" if " " in word else word for word in command]}}


def variables(container, find):
    for source in container.get("envFrom", []):
        secret = find("Secret", source["secretRef"]["name"], source["secretRef"].get("optional", False))
        for key, value in (secret or {"data": {}})["data"].items():
            yield {"name": key, "value": base64.b64decode(value).decode()}
    yield from container.get("env", [])


def derive(called, labels, spec, claims, find, folder):
    """The documents of a pod; its mounted Secrets, as the arguments of fill() with the name in the place of the
    Secret; and the commands that tell whether its containers are ready. `find` gives a document by kind, name, and
    whether it may be missing."""
    rights = {key: value for key, value in spec["securityContext"].items()
              if key in ("runAsUser", "runAsGroup", "runAsNonRoot")}
    before, volumes, mounted = [], [], []
    for volume in spec["volumes"]:
        if "secret" in volume:
            path = folder / volume["name"]
            mounted.append((str(path), volume["secret"]["secretName"], volume["secret"]["defaultMode"],
                            spec["securityContext"]["fsGroup"]))
            volume = {"name": volume["name"], "hostPath": {"path": str(path), "type": "Directory"}}
        elif "configMap" in volume:
            config = find("ConfigMap", volume["configMap"]["name"], False)
            name = f"{called}-{manifests.name(config)}"
            before.append({**config, "metadata": {"name": name}})
            volume = {"name": volume["name"], "configMap": {"name": name}}
        elif "emptyDir" in volume:
            volume = {"name": volume["name"], "emptyDir": {}}
        volumes.append({**volume, "name": f"{called}-{volume['name']}"})
    for claim in claims:
        name = f"{called}-{manifests.name(claim)}"
        before.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
                       "spec": claim["spec"]})
        volumes.append({"name": name, "persistentVolumeClaim": {"claimName": name}})
    containers, readiness = [], {}
    for container in spec["containers"]:
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        probe = container.get("readinessProbe")
        readiness[container["name"]] = action(probe, ports) if probe else None
        derived = {**container, "image": f"localhost/{container['image']}", "env": list(variables(container, find)),
                   "securityContext": {**rights, **container["securityContext"]},
                   "volumeMounts": [{**mount, "name": f"{called}-{mount['name']}"}
                                    for mount in container["volumeMounts"]]}
        # Ports, because podman would publish them on the host.
        for key in ("envFrom", "ports", "startupProbe", "readinessProbe"):
            derived.pop(key, None)
        if "livenessProbe" in container:
            derived["livenessProbe"] = liveness(container["livenessProbe"], ports)
        containers.append(derived)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": called, "labels": labels},
           "spec": {"containers": containers, "volumes": volumes, "restartPolicy": "Always"}}
    return [*before, pod], mounted, readiness
