"""What stands in for kubectl refuses what it doesn't know and what a cluster would. tools/check-k8s runs this."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import manifests
import yaml

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "facebus"}}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config", "namespace": "facebus"},
          "data": {"a": "1"}}


class Kubectl(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)
        self.podman = self.folder / "podman"
        self.podman.write_text('#!/bin/sh\n[ "$1" != ps ] || echo "[]"\n')
        self.podman.chmod(0o700)

    def kubectl(self, *arguments):
        environment = {**os.environ, "FACEBUS_CLUSTER": self.folder, "FACEBUS_PODMAN": self.podman,
                       "FACEBUS_NETWORK": "net"}
        return subprocess.run([sys.executable, "-B", manifests.ROOT / "tests/k8s/kubectl", *arguments], text=True,
                              capture_output=True, cwd=self.folder, env=environment)

    def apply(self, *documents):
        (self.folder / "a.yaml").write_text(yaml.safe_dump_all(documents))
        return self.kubectl("apply", "-f", "a.yaml")

    def assert_refused(self, done, code, told):
        self.assertEqual((code, ""), (done.returncode, done.stdout), done)
        self.assertIn(told, done.stderr)

    def test_a_command_or_flag_that_it_does_not_know_is_refused(self):
        for arguments in (["drain", "node"], ["get", "nodes"], ["get", "pods", "--wat"], ["apply"],
                          ["apply", "-f", "a", "-k", "b"], ["delete", "pod", "tools"],
                          ["rollout", "restart", "statefulset/redis"], ["exec", "tools"],
                          ["get", "pods", "--", "ls"], ["wait", "--for=delete", "pod/tools"]):
            with self.subTest(arguments):
                self.assert_refused(self.kubectl(*arguments), 2, "error: ")

    def test_what_is_not_there_is_refused(self):
        self.apply(NAMESPACE)
        for arguments, told in ((["apply", "-f", "b.yaml"], 'the path "b.yaml" does not exist'),
                                (["exec", "tools", "--", "ls"], 'pods "tools" not found'),
                                (["cp", "people", "tools:/tmp/people"], "people doesn't exist"),
                                (["rollout", "restart", "deployment/x"], '"x" not found'),
                                (["create", "secret", "generic", "x", "--from-literal=a=b"], '"default" not found')):
            with self.subTest(arguments):
                self.assert_refused(self.kubectl(*arguments), 1, told)
        self.assertNotEqual(0, self.kubectl("apply", "-k", "nothing").returncode)

    def test_a_document_that_a_cluster_would_refuse_is_refused(self):
        self.assert_refused(self.apply(CONFIG), 1, 'namespace "facebus" not found')
        self.apply(NAMESPACE)
        self.assert_refused(self.apply({**CONFIG, "kind": "ConfigMaps"}), 1, "no kind ConfigMaps")
        self.assert_refused(self.apply({**CONFIG, "date": {}}), 1, "not valid")

    def test_a_pod_below_the_restricted_level_is_refused(self):
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.apply({**NAMESPACE, "metadata": {"name": "facebus", "labels": labels}})
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tools", "namespace": "facebus"},
               "spec": {"containers": [{"name": "tools", "image": "facebus"}]}}
        self.assert_refused(self.apply(pod), 1, 'violates PodSecurity "restricted"')

    def test_a_pod_whose_secret_is_missing_is_refused(self):
        self.apply(NAMESPACE)
        tools = next(each for each in manifests.render("deploy/k8s/tools") if each["kind"] == "Pod")
        done = self.apply(CONFIG, tools)
        self.assertEqual(1, done.returncode)
        self.assertIn('secret "subscriber-key" not found', done.stderr)

    def test_applying_the_same_again_changes_nothing(self):
        for done in ("created", "unchanged"):
            self.assertEqual(f"namespace/facebus {done}\nconfigmap/config {done}\n",
                             self.apply(NAMESPACE, CONFIG).stdout)
        self.assertEqual("configmap/config configured\n", self.apply({**CONFIG, "data": {"a": "2"}}).stdout)

    def test_what_takes_no_cluster_is_the_real_ones(self):
        done = self.kubectl("create", "secret", "generic", "x", "--from-literal=a=b", "--dry-run=client", "-o", "yaml")
        self.assertEqual("Yg==", yaml.safe_load(done.stdout)["data"]["a"])
        self.assertFalse((self.folder / "state.json").exists())

    def test_a_secret_is_not_made_twice(self):
        self.apply(NAMESPACE)
        make = ["-n", "facebus", "create", "secret", "generic", "x", "--from-literal=a=b"]
        self.assertEqual("secret/x created\n", self.kubectl(*make).stdout)
        self.assert_refused(self.kubectl(*make), 1, "already exists")


if __name__ == "__main__":
    unittest.main()
