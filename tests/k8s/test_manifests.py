"""Validates the manifests, and checks their security settings and references. tools/check-k8s runs these tests.
"Restricted" is the strictest level of the Pod Security Standards of Kubernetes.

Requires: FACEBUS_SECRETS names a folder filled by deploy/k8s/make-secrets.
"""

import copy
import os
import pathlib
import shutil
import tempfile
import unittest

import kubernetes_validate
import manifests
import yaml

# The oldest supported Kubernetes version, and two newer ones.
VERSIONS = ("1.25", "1.31", "1.37")


class Manifests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.documents = manifests.all_documents(os.environ["FACEBUS_SECRETS"])
        cls.pods = [(document, *manifests.pod_of(document)) for document in cls.documents if manifests.pod_of(document)]

    def find(self, kind, namespace, name):
        return manifests.find(self.documents, kind, namespace, name)

    def selected(self, namespace, selector):
        """Returns the pods in a namespace that match a label selector, each as (document, labels, spec)."""
        def matches(labels):
            for key, value in selector.get("matchLabels", {}).items():
                if labels.get(key) != value:
                    return False
            for rule in selector.get("matchExpressions", []):
                self.assertEqual(rule["operator"], "In")
                if labels.get(rule["key"]) not in rule["values"]:
                    return False
            return True
        return [pod for pod in self.pods if manifests.namespace(pod[0]) == namespace and matches(pod[1])]

    def test_every_document_conforms_to_its_schema(self):
        for version in VERSIONS:
            for document in self.documents:
                with self.subTest(version=version, kind=document["kind"], name=manifests.name(document)):
                    kubernetes_validate.validate(document, version, strict=True)

    def test_the_validation_rejects_misspelt_keys(self):
        document = copy.deepcopy(next(each for each in self.documents if each["kind"] == "Deployment"))
        document["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(document, VERSIONS[-1], strict=True)

    def test_each_kustomization_lists_every_numbered_file_of_its_folder(self):
        for each in manifests.KUSTOMIZATIONS:
            folder = manifests.ROOT / each
            listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
            files = sorted(file.name for file in folder.glob("[0-9]*.yaml"))
            self.assertEqual(sorted(listed), files, each)

    def test_every_document_is_in_an_existing_restricted_namespace(self):
        for document in self.documents:
            if document["kind"] == "Namespace":
                self.assertEqual(document["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted")
                continue
            self.assertTrue(self.find("Namespace", None, manifests.namespace(document)), manifests.name(document))

    def test_document_names_are_unique(self):
        names = [(each["kind"], manifests.namespace(each), manifests.name(each)) for each in self.documents]
        self.assertEqual(len(names), len(set(names)))

    def test_every_pod_meets_the_restricted_level_and_sets_limits(self):
        self.assertGreaterEqual(len(self.pods), 5)
        for document, _, spec in self.pods:
            self.assertEqual(list(manifests.restricted_violations(spec)), [], manifests.name(document))
            self.assertIs(spec["automountServiceAccountToken"], False)
            for container in spec["containers"]:
                self.assertIs(container["securityContext"]["readOnlyRootFilesystem"], True)
                for kind in ("requests", "limits"):
                    self.assertEqual(container["resources"][kind].keys(), {"cpu", "memory"})

    def test_missing_security_settings_violate_the_restricted_level(self):
        for key, violation in (("seccompProfile", "seccompProfile"), ("runAsNonRoot", "root")):
            spec = copy.deepcopy(self.pods[0][2])
            del spec["securityContext"][key]
            self.assertIn(violation, list(manifests.restricted_violations(spec)))
        for key in ("allowPrivilegeEscalation", "capabilities"):
            spec = copy.deepcopy(self.pods[0][2])
            del spec["containers"][0]["securityContext"][key]
            self.assertEqual(list(manifests.restricted_violations(spec)), [key])

    def test_every_volume_is_mounted_and_its_configmap_or_secret_exists(self):
        for document, _, spec in self.pods:
            volumes = {volume["name"] for volume in spec["volumes"]}
            claims = {manifests.name(each) for each in document["spec"].get("volumeClaimTemplates", [])}
            mounted = {mount["name"] for container in spec["containers"] for mount in container["volumeMounts"]}
            self.assertEqual(volumes | claims, mounted, manifests.name(document))
            for volume in spec["volumes"]:
                for kind, key, name_key in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
                    if key in volume:
                        self.assertTrue(self.find(kind, manifests.namespace(document), volume[key][name_key]),
                                        f"{manifests.name(document)}: {kind} {volume[key][name_key]}")

    def test_secrets_in_the_environment_exist_or_are_optional(self):
        for document, _, spec in self.pods:
            for container in spec["containers"]:
                for source in container.get("envFrom", []):
                    reference = source["secretRef"]
                    self.assertTrue(reference.get("optional")
                                    or self.find("Secret", manifests.namespace(document), reference["name"]))

    def test_key_and_password_files_are_mounted(self):
        for document, _, spec in self.pods:
            content = {}
            for volume in spec["volumes"]:
                for kind, key, name_key in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
                    if key in volume:
                        found = self.find(kind, manifests.namespace(document), volume[key][name_key])
                        content[volume["name"]] = found["data"].keys()
            for container in spec["containers"]:
                files = set()
                for mount in container["volumeMounts"]:
                    files.add(mount["mountPath"])
                    files |= {f"{mount['mountPath']}/{each}" for each in content.get(mount["name"], ())}
                for variable in container.get("env", []):
                    if variable["name"].startswith("FACEBUS_BUS_") or variable["name"] == "FACEBUS_GATEWAY_KEYS":
                        self.assertIn(variable["value"], files, container["name"])
                if any(each["name"] == "FACEBUS_REDIS_USER" for each in container.get("env", [])):
                    self.assertIn("/run/facebus-redis/password", files)

    def test_services_select_pods_and_their_ports(self):
        services = [each for each in self.documents if each["kind"] == "Service"]
        self.assertEqual({manifests.name(each) for each in services}, {"redis", "broker", "gateway"})
        for service in services:
            pods = self.selected(manifests.namespace(service), {"matchLabels": service["spec"]["selector"]})
            self.assertEqual(len(pods), 1, manifests.name(service))
            container_ports = {port["name"]: port["containerPort"]
                               for container in pods[0][2]["containers"] for port in container["ports"]}
            for port in service["spec"]["ports"]:
                self.assertEqual(container_ports.get(port["targetPort"]), port["port"])

    def test_addresses_in_facebus_yaml_belong_to_services(self):
        for document in (each for each in self.documents if each["kind"] == "ConfigMap"):
            settings = yaml.safe_load(document["data"]["facebus.yaml"])
            addresses = [*settings["broker"].values(), *([settings["redis"]["url"]] if "redis" in settings else [])]
            for address in addresses:
                host, port = address.split("//")[1].split("/")[0].split(":")
                name, _, domain = host.partition(".")  # name, or name.namespace.svc
                service = self.find("Service", domain.split(".")[0] or manifests.namespace(document), name)
                self.assertTrue(service, address)
                self.assertIn(int(port), [each["port"] for each in service["spec"]["ports"]])

    def test_workloads_select_their_own_pods(self):
        for document, labels, _ in self.pods:
            if document["kind"] != "Pod":
                self.assertEqual(document["spec"]["selector"]["matchLabels"], labels)

    def test_health_probes_use_ports_of_their_container(self):
        for document, _, spec in self.pods:
            for container in spec["containers"]:
                ports = {port["name"] for port in container.get("ports", [])}
                probes = [container[key] for key in ("startupProbe", "readinessProbe", "livenessProbe")
                          if key in container]
                self.assertEqual(len(probes), 0 if document["kind"] == "Pod" else 3, container["name"])
                for probe in probes:
                    action = probe.get("httpGet") or probe.get("tcpSocket")
                    if action:
                        self.assertIn(action["port"], ports)

    def test_health_ports_match_the_configured_health_addresses(self):
        for _, _, spec in self.pods:
            for container in spec["containers"]:
                addresses = {variable["value"] for variable in container.get("env", [])
                             if variable["name"].endswith("_HEALTH")}
                ports = {f"0.0.0.0:{port['containerPort']}" for port in container.get("ports", [])
                         if port["name"].endswith("health")}
                self.assertEqual(addresses, ports, container["name"])

    def test_autoscaler_and_disruption_budgets_refer_to_existing_workloads(self):
        for document in self.documents:
            if document["kind"] == "HorizontalPodAutoscaler":
                target = document["spec"]["scaleTargetRef"]
                found = self.find(target["kind"], manifests.namespace(document), target["name"])
                self.assertNotIn("replicas", found["spec"], "kubectl apply would undo the scaling")
            if document["kind"] == "PodDisruptionBudget":
                self.assertEqual(len(self.selected(manifests.namespace(document), document["spec"]["selector"])), 1)

    def test_network_policies_select_existing_pods_and_ports(self):
        namespaces = {manifests.name(each): each["metadata"].get("labels", {})
                      for each in self.documents if each["kind"] == "Namespace"}

        def port_names(pods):
            return {port["name"] for _, _, spec in pods for container in spec["containers"]
                    for port in container.get("ports", [])}

        for policy in (each for each in self.documents if each["kind"] == "NetworkPolicy"):
            with self.subTest(policy=manifests.name(policy)):
                own = manifests.namespace(policy)
                own_pods = self.selected(own, policy["spec"]["podSelector"])
                self.assertTrue(own_pods)
                for direction, key in (("ingress", "from"), ("egress", "to")):
                    for rule in policy["spec"].get(direction, []):
                        self.assertIn(direction.capitalize(), policy["spec"]["policyTypes"])
                        for port in rule["ports"]:
                            if not isinstance(port["port"], str):
                                continue
                            peers = [pod for peer in rule[key] if "podSelector" in peer
                                     for namespace in self.namespaces_of(peer, own, namespaces)
                                     for pod in self.selected(namespace, peer["podSelector"])]
                            target = own_pods if direction == "ingress" else peers
                            self.assertIn(port["port"], port_names(target))

    @staticmethod
    def namespaces_of(peer, own, namespaces):
        """Returns the names of the namespaces that `peer` selects. `peer` is an entry of `from` or `to` in a policy of
        the namespace `own`. `namespaces` maps the name of each namespace to its labels."""
        if "namespaceSelector" not in peer:
            return [own]
        wanted = peer["namespaceSelector"]["matchLabels"].items()
        return [name for name, labels in namespaces.items()
                if wanted <= {**labels, "kubernetes.io/metadata.name": name}.items()]

    def test_copying_a_site_and_replacing_its_namespace_gives_a_second_site(self):
        with tempfile.TemporaryDirectory() as folder:
            site = shutil.copytree(manifests.ROOT / "deploy/k8s/edge", pathlib.Path(folder) / "yard")
            for file in site.glob("*.yaml"):
                file.write_text(file.read_text().replace("facebus-edge", "facebus-yard"))
            documents = manifests.render(site)
        self.assertEqual({manifests.namespace(each) or manifests.name(each) for each in documents}, {"facebus-yard"})

    def test_every_namespace_denies_connections_by_default(self):
        for namespace in (each for each in self.documents if each["kind"] == "Namespace"):
            policy = self.find("NetworkPolicy", manifests.name(namespace), "default-deny")
            self.assertEqual(policy["spec"], {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})


if __name__ == "__main__":
    unittest.main()
