"""usage: for_podman.py SECRETS FOLDER

Converts the manifests for a cluster into pods for `podman kube play`. SECRETS is a folder filled by make-secrets.
Writes FOLDER/POD.yaml for each pod, and prints one line per pod with its name and its DNS names: POD NAME,NAME...
Requires root.

Podman 4 does not support namespaces, StatefulSets, mounted Secrets, named ports, fsGroup, or startup and readiness
probes, and its HTTP health checks need curl, which the image lacks. So the manifests are changed:

- A pod is named NAMESPACE.NAME, and the names of its ConfigMaps, claims and volumes begin with that name.
- A mounted Secret becomes a folder of files with the group and mode from the manifest. A Secret in `envFrom` becomes
  environment variables with its values.
- Startup and readiness probes are removed. In liveness probes, httpGet becomes `facebus health`, and tcpSocket becomes
  a connection from bash.
- Of the pod's security context, runAsUser, runAsGroup and runAsNonRoot are copied to each container. Its other
  settings, such as seccompProfile, are dropped."""

import base64
import os
import pathlib
import sys

import manifests
import yaml


class Pods:
    def __init__(self, documents, folder):
        self.documents = documents
        self.folder = folder

    def write_secret(self, path, secret, mode, group):
        """Writes a Secret to a folder and returns a volume source that mounts the folder."""
        path.mkdir(parents=True)
        for key, value in secret["data"].items():
            file = path / key
            file.write_bytes(base64.b64decode(value))
            os.chown(file, 0, group)
            file.chmod(mode)
        return {"hostPath": {"path": str(path), "type": "Directory"}}

    def variables(self, namespace, container):
        """Yields the environment variables of a container, including those from Secrets."""
        for source in container.get("envFrom", []):
            secret = manifests.find(self.documents, "Secret", namespace, source["secretRef"]["name"]) or {"data": {}}
            for key, value in secret["data"].items():
                yield {"name": key, "value": base64.b64decode(value).decode()}
        yield from container.get("env", [])

    def container(self, pod, namespace, spec, container):
        """Returns the container as podman requires it. `pod` and `spec` are the name and the spec of its pod."""
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        inherited = {key: value for key, value in spec["securityContext"].items()
                     if key in ("runAsUser", "runAsGroup", "runAsNonRoot")}
        derived = {**container, "image": f"localhost/{container['image']}",
                   "env": list(self.variables(namespace, container)),
                   "securityContext": {**inherited, **container["securityContext"]},
                   "volumeMounts": [{**mount, "name": f"{pod}-{mount['name']}"} for mount in container["volumeMounts"]]}
        # Remove the ports, too, because podman would publish them on the host.
        for key in ("envFrom", "ports", "startupProbe", "readinessProbe", "livenessProbe"):
            derived.pop(key, None)
        if probe := container.get("livenessProbe"):
            derived["livenessProbe"] = {**{key: value for key, value in probe.items() if not isinstance(value, dict)},
                                        "exec": {"command": probe_command(probe, ports)}}
        return derived

    def write(self, document):
        """Writes the file of one pod. Returns the name of the pod and the DNS names that Services give it."""
        (labels, spec), namespace = manifests.pod_of(document), manifests.namespace(document)
        pod = f"{namespace}.{manifests.name(document)}"
        documents, volumes = [], []
        for volume in spec["volumes"]:
            name = f"{pod}-{volume['name']}"
            if "secret" in volume:
                secret = manifests.find(self.documents, "Secret", namespace, volume["secret"]["secretName"])
                source = self.write_secret(self.folder / name, secret, volume["secret"]["defaultMode"],
                                           spec["securityContext"]["fsGroup"])
            elif "configMap" in volume:
                config = manifests.find(self.documents, "ConfigMap", namespace, volume["configMap"]["name"])
                documents.append({**config, "metadata": {"name": name}})
                source = {"configMap": {"name": name}}
            else:
                source = {"emptyDir": {}}
            volumes.append({"name": name, **source})
        for claim in document["spec"].get("volumeClaimTemplates", []):
            name = f"{pod}-{manifests.name(claim)}"
            documents.append({**claim, "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}})
            volumes.append({"name": name, "persistentVolumeClaim": {"claimName": name}})
        containers = [self.container(pod, namespace, spec, container) for container in spec["containers"]]
        documents.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod, "labels": labels},
                          "spec": {"containers": containers, "volumes": volumes, "restartPolicy": "Always"}})
        (self.folder / f"{pod}.yaml").write_text(yaml.safe_dump_all(documents, sort_keys=False))
        services = [each for each in self.documents if each["kind"] == "Service"
                    and manifests.namespace(each) == namespace and each["spec"]["selector"].items() <= labels.items()]
        return pod, [name for each in services
                     for name in (manifests.name(each), f"{manifests.name(each)}.{namespace}.svc")]


def probe_command(probe, ports):
    """Returns a command that checks the same as the probe. `ports` maps the names of ports to their numbers. Podman
    passes the words of the command to a shell, hence the inner quotes."""
    if "httpGet" in probe:
        return ["facebus", "health", f"127.0.0.1:{ports[probe['httpGet']['port']]}"]
    if "tcpSocket" in probe:
        return ["bash", "-c", f"'exec 3<>/dev/tcp/127.0.0.1/{ports[probe['tcpSocket']['port']]}'"]
    return probe["exec"]["command"]


def main(secrets, folder):
    documents = manifests.all_documents(secrets)
    pods = Pods(documents, pathlib.Path(folder))
    for document in documents:
        if manifests.pod_of(document):
            pod, names = pods.write(document)
            print(pod, ",".join(names))


if __name__ == "__main__":
    main(*sys.argv[1:])
