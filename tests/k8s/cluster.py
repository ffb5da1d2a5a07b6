"""What stands in for a cluster: it keeps what was applied, admits what a cluster would, and plays the pods with podman.

Unlike a cluster it acts at once: when a command returns, pods are started or replaced, and a changed Secret is in the
pods that mount it. Whether pods are ready is asked for when somebody wants to know."""

import hashlib
import json
import pathlib
import shutil
import subprocess
import time

import for_podman
import kubernetes_validate
import manifests
import yaml

VERSION = "1.37"
READY_LIMIT, NAMES_LIMIT = 120, 30  # seconds
# What there is, and what kubectl calls it.
KINDS = {"Namespace": "namespace", "Secret": "secret", "ConfigMap": "configmap", "Service": "service", "Pod": "pod",
         "Deployment": "deployment.apps", "StatefulSet": "statefulset.apps",
         "HorizontalPodAutoscaler": "horizontalpodautoscaler.autoscaling",
         "PodDisruptionBudget": "poddisruptionbudget.policy", "NetworkPolicy": "networkpolicy.networking.k8s.io"}


class Refused(Exception):
    """What a cluster would refuse, or what this one can't do."""


def called(kind, name):
    return f"{KINDS[kind]}/{name}"


class Cluster:
    def __init__(self, folder, podman, network):
        self.folder = pathlib.Path(folder)
        self.podman_command = podman
        self.network = network
        self.file = self.folder / "state.json"
        state = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.objects = state.get("objects", {})
        # How often a workload was told to restart, and how many pods it has had.
        self.restarts = state.get("restarts", {})
        self.made = state.get("made", {})
        self.pods = state.get("pods", {})

    def save(self):
        new = self.folder / "state.new"
        new.write_text(json.dumps({"objects": self.objects, "restarts": self.restarts, "made": self.made,
                                   "pods": self.pods}))
        new.rename(self.file)

    def podman(self, *arguments, **options):
        return subprocess.run([self.podman_command, *arguments], stdout=subprocess.PIPE, **{"text": True, **options})

    # ---- objects ----------------------------------------------------------------------------------------------------

    @staticmethod
    def key(kind, namespace, name):
        return f"{kind}/{namespace or ''}/{name}"

    def find(self, kind, namespace, name, optional=False):
        found = self.objects.get(self.key(kind, namespace, name))
        if not found and not optional:
            raise Refused(f'{KINDS[kind]} "{name}" not found in namespace {namespace}')
        return found

    def admit(self, document):
        """Refuses what a cluster would."""
        kind, namespace, name = document.get("kind"), manifests.namespace(document), manifests.name(document)
        if kind not in KINDS:
            raise Refused(f"no kind {kind} is known here")
        try:
            kubernetes_validate.validate(document, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            raise Refused(f"{called(kind, name)} is not valid: {error.message}") from error
        if kind == "Namespace":
            return
        labels = self.find("Namespace", None, namespace)["metadata"].get("labels", {})
        pod = manifests.pod_of(document)
        if pod and labels.get("pod-security.kubernetes.io/enforce") == "restricted":
            faults = list(manifests.restricted_faults(pod[1]))
            if faults:
                raise Refused(f'{called(kind, name)} violates PodSecurity "restricted": {", ".join(faults)}')

    def put(self, document):
        """Takes a document in; gives what kubectl says of it."""
        self.admit(document)
        kind, namespace, name = document["kind"], manifests.namespace(document), manifests.name(document)
        key = self.key(kind, namespace, name)
        old = self.objects.get(key)
        if old == document:
            return "unchanged"
        if old and kind == "Pod":
            raise Refused(f"{called(kind, name)}: a pod that runs can't be changed here")
        self.objects[key] = document
        if kind == "Secret":
            for pod in self.pods.values():
                for folder, secret, mode, group in pod["mounted"]:
                    if (pod["namespace"], secret) == (namespace, name):
                        for_podman.fill(pathlib.Path(folder), document, mode, group)
        self.save()
        return "configured" if old else "created"

    def remove(self, document):
        kind, namespace, name = document["kind"], manifests.namespace(document), manifests.name(document)
        self.find(kind, namespace, name)
        del self.objects[self.key(kind, namespace, name)]
        self.save()

    def restart(self, namespace, name):
        self.find("Deployment", namespace, name)
        key = self.key("Deployment", namespace, name)
        self.restarts[key] = self.restarts.get(key, 0) + 1
        self.save()

    # ---- pods -------------------------------------------------------------------------------------------------------

    def reconcile(self):
        """Makes the pods what the workloads ask for."""
        for key, document in list(self.objects.items()):
            if document["kind"] in ("Deployment", "StatefulSet", "Pod"):
                self.roll(key, document)
        for pod in [pod for pod, facts in self.pods.items() if facts["owner"] not in self.objects]:
            self.stop(pod)

    def replicas(self, document):
        """The autoscaler's least where the workload leaves it open; this one never sees a load."""
        if document["kind"] == "Pod":
            return 1
        target = {"apiVersion": "apps/v1", "kind": document["kind"], "name": manifests.name(document)}
        least = [each["spec"]["minReplicas"] for each in self.objects.values()
                 if each["kind"] == "HorizontalPodAutoscaler" and each["spec"]["scaleTargetRef"] == target
                 and manifests.namespace(each) == manifests.namespace(document)]
        return document["spec"].get("replicas", (least or [1])[0])

    def roll(self, key, document):
        """Replaces the pods of a workload that are not of its template, in the way that it asks for."""
        labels, spec = manifests.pod_of(document)
        asked = document["spec"].get("strategy", {}) if document["kind"] == "Deployment" else {"type": "Recreate"}
        rolling = asked.get("rollingUpdate", {"maxSurge": 1, "maxUnavailable": 0})
        if rolling != {"maxSurge": 1, "maxUnavailable": 0}:
            raise Refused(f"{called(document['kind'], manifests.name(document))}: no such strategy is known here")
        template = hashlib.sha256(json.dumps([labels, spec, self.restarts.get(key, 0)]).encode()).hexdigest()
        own = {pod: facts for pod, facts in self.pods.items() if facts["owner"] == key}
        old = [pod for pod, facts in own.items() if facts["template"] != template]
        wanted = self.replicas(document)
        missing = wanted - (len(own) - len(old))
        if asked.get("type") == "Recreate":
            while old:
                self.stop(old.pop(0))
        for _ in range(missing):
            pod = self.start(key, document, template)
            if old:
                self.await_ready(pod)
                self.stop(old.pop(0))
        current = [pod for pod, facts in self.pods.items() if facts["owner"] == key and facts["template"] == template]
        for pod in old + current[wanted:]:
            self.stop(pod)

    def start(self, key, document, template):
        labels, spec = manifests.pod_of(document)
        namespace, name = manifests.namespace(document), manifests.name(document)
        count = self.made.get(key, 0)
        if document["kind"] == "Deployment":
            name = f"{name}-{count + 1}"
        elif document["kind"] == "StatefulSet":
            name = f"{name}-0"
        # Podman has no namespaces.
        pod = f"{namespace}.{name}"
        documents, mounted, readiness = for_podman.derive(
            pod, labels, spec, document["spec"].get("volumeClaimTemplates", []),
            lambda kind, called, optional: self.find(kind, namespace, called, optional), self.folder / "mounted" / pod)
        for folder, secret, mode, group in mounted:
            for_podman.fill(pathlib.Path(folder), self.find("Secret", namespace, secret), mode, group)
        names = [name for each in self.objects.values()
                 if each["kind"] == "Service" and manifests.namespace(each) == namespace
                 and each["spec"]["selector"].items() <= labels.items()
                 for name in (manifests.name(each), f"{manifests.name(each)}.{namespace}.svc")]
        network = f"{self.network}:{','.join(f'alias={name}' for name in names)}" if names else self.network
        played = self.podman("play", "kube", "--quiet", "--network", network, "-",
                             input=yaml.safe_dump_all(documents, sort_keys=False))
        if played.returncode:
            raise Refused(f"podman does not play {pod}")
        self.made[key] = count + 1
        self.pods[pod] = {"namespace": namespace, "name": name, "names": names[1::2], "owner": key,
                          "template": template, "mounted": mounted, "readiness": readiness, "started": time.time(),
                          "grace": spec.get("terminationGracePeriodSeconds", 30)}
        self.save()
        self.await_names(pod)
        return pod

    def await_names(self, pod):
        """Podman's name server reads its list anew when a pod comes, and may not know anybody for a moment."""
        known = [name for facts in self.pods.values() for name in facts["names"]]
        container = f"{pod}-{next(iter(self.pods[pod]['readiness']))}"
        end = time.monotonic() + NAMES_LIMIT
        # Anything else is a container that does not run, which is not about names.
        asking = ("exec", container, "getent", "hosts", *known)
        while known and self.podman(*asking, stderr=subprocess.DEVNULL).returncode == 2:
            if time.monotonic() > end:
                raise Refused(f"{pod} does not know all of {', '.join(known)} within {NAMES_LIMIT} s")
            time.sleep(0.2)

    def containers(self, pod):
        """What podman says of the containers that are the manifests', by name."""
        shown = self.podman("ps", "--all", "--format", "json", "--filter", f"pod={pod}", check=True).stdout
        found = {each["Names"][0]: each for each in json.loads(shown)}
        return {name: found.get(f"{pod}-{name}", {"State": "missing", "Restarts": 0})
                for name in self.pods[pod]["readiness"]}

    def stop(self, pod):
        """Ends a pod, and writes down how its containers ended."""
        self.podman("pod", "stop", "--time", str(self.pods[pod]["grace"]), pod, check=True)
        with (self.folder / "ended").open("a") as ended:
            for name, facts in self.containers(pod).items():
                ended.write(f"{pod} {name} {facts.get('ExitCode')}\n")
        self.podman("pod", "rm", "--force", pod, check=True)
        shutil.rmtree(self.folder / "mounted" / pod, ignore_errors=True)
        del self.pods[pod]
        self.save()

    def ready(self, pod):
        """The containers that are."""
        ready = []
        for name, command in self.pods[pod]["readiness"].items():
            asked = self.podman("exec", f"{pod}-{name}", *(command or ["true"]), stderr=subprocess.DEVNULL)
            if asked.returncode == 0:
                ready.append(name)
        return ready

    def await_ready(self, pod, limit=READY_LIMIT):
        end = time.monotonic() + limit
        while len(self.ready(pod)) < len(self.pods[pod]["readiness"]):
            if time.monotonic() > end:
                raise Refused(f"{pod} is not ready within {limit} s")
            time.sleep(0.5)

    def line(self, pod):
        """What `get pods` shows, without the age."""
        facts, containers = self.pods[pod], self.containers(pod).values()
        states = [each["State"] for each in containers]
        state = next((each for each in states if each != "running"), "running").capitalize()
        restarts = sum(each.get("Restarts", 0) for each in containers)
        return f"{facts['name']:<16}{len(self.ready(pod))}/{len(states):<8}{state:<12}{restarts:<11}"
