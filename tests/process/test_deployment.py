"""Tests that the files of Compose, Kubernetes, systemd and Prometheus contain every stage of libs/wire/stages.hpp."""

import itertools
import unittest

import yaml
from pipeline_table import EDGE, STAGES
from support import BIN, ROOT

UNITS = BIN.parent / "deploy/systemd/tested"  # units that CMake generates for the tests


def containers():
    """Returns the containers in the Kubernetes manifests, by the program that they run."""
    by_program = {}
    for file in sorted((ROOT / "deploy/k8s").rglob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            pod = (document or {}).get("spec", {}).get("template", {}).get("spec", {})
            for container in pod.get("containers", []):
                by_program[container.get("command", [""])[0]] = container
    return by_program


class Deployment(unittest.TestCase):
    def test_stage_table_lists_every_service_and_the_edge_stages_in_order(self):
        services = {main.parent.name for main in (ROOT / "services").glob("*/main.cpp")} - {"cli"}
        self.assertEqual(services, {stage.process for stage in STAGES})
        for before, after in itertools.pairwise(EDGE):
            self.assertEqual(before.output, after.input)

    def test_compose_runs_every_stage(self):
        services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
        for stage in STAGES:
            with self.subTest(stage.process):
                service = services[stage.process]
                self.assertEqual([stage.program], service["command"])
                self.assertEqual(f"0.0.0.0:{stage.port}",
                                 service["environment"][f"FACEBUS_{stage.section.upper()}_HEALTH"])
                self.assertIn(f"127.0.0.1:{stage.port}", service["healthcheck"]["test"])

    def test_kubernetes_runs_every_stage(self):
        by_program = containers()
        for stage in STAGES:
            with self.subTest(stage.process):
                container = by_program[stage.program]
                self.assertIn(stage.port, [port["containerPort"] for port in container["ports"]])
                self.assertTrue({"readinessProbe", "livenessProbe"} <= container.keys())

    def test_kubernetes_restarts_a_service_only_if_its_main_loop_stalls(self):
        by_program = containers()
        for stage in STAGES:
            # The loop of capture can block while a camera is unavailable, so its liveness probe only connects.
            if stage.process != "capture":
                with self.subTest(stage.process):
                    self.assertEqual("/livez", by_program[stage.program]["livenessProbe"]["httpGet"]["path"])

    def test_kubernetes_lets_prometheus_connect_to_every_edge_stage(self):
        policies = yaml.safe_load_all((ROOT / "deploy/k8s/edge/30-network-policies.yaml").read_text())
        ports = [port for policy in policies for rule in policy["spec"].get("ingress", []) for port in rule["ports"]]
        for stage in EDGE:
            self.assertTrue(any(port["port"] <= stage.port <= port["endPort"] for port in ports), stage.process)

    def test_systemd_runs_every_stage(self):
        for stage in STAGES:
            with self.subTest(stage.process):
                self.assertIn(f"/{stage.program}\n", (UNITS / f"{stage.program}.service").read_text())
        target = (UNITS / "facebus-edge.target").read_text()
        for stage in EDGE:
            self.assertIn(f"{stage.program}.service", target)

    def test_prometheus_scrapes_every_stage(self):
        jobs = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
        scraped = {target for job in jobs for static in job.get("static_configs", []) for target in static["targets"]}
        dns_configs = [config for job in jobs for config in job.get("dns_sd_configs", [])]
        scraped |= {f"{name}:{config['port']}" for config in dns_configs for name in config["names"]}
        for stage in STAGES:
            self.assertIn(f"{stage.process}:{stage.port}", scraped)


if __name__ == "__main__":
    unittest.main()
