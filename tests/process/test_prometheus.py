"""Debian's Prometheus scrapes a running system with the shipped configuration, alerts and dashboard."""

import json
import re
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

import yaml
import zmq
from gateway import BIDEN, Gateway, need_gateway
from images import carphone_frames
from pipeline_table import STAGES
from support import CARPHONE, ROOT, ProcessTest, need_system, need_tool
from test_services import closed_port

DEPLOY = ROOT / "deploy/prometheus"
DASHBOARD = ROOT / "deploy/grafana/facebus.json"
SERVICES = {stage.process for stage in STAGES}
METRIC = re.compile(r"\b(?:facebus_|process_)\w+")
PARTS = re.compile("_(bucket|sum|count)$")
# Exported only if MQTT or webhooks are configured.
OPTIONAL = re.compile("facebus_(mqtt|webhook)_")


def alerts():
    groups = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard_expressions():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"].replace("$__rate_interval", "1m") for panel in panels for target in panel.get("targets", [])]


class Prometheus:
    """Prometheus server that scrapes a system every second."""

    def __init__(self, case, system):
        need_tool("prometheus")
        self.system, self.url = system, f"http://127.0.0.1:{closed_port()}"
        config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
        config["global"]["scrape_interval"] = "1s"
        config["rule_files"] = [str(DEPLOY / "alerts.yaml")]
        for job in config["scrape_configs"]:
            # Compose's host names do not resolve here: the same jobs, with the addresses of these processes.
            for entry in job.pop("dns_sd_configs", []):
                job["static_configs"] = [{"targets": [f"{entry['names'][0]}:{entry['port']}"]}]
            for entry in job["static_configs"]:
                running = (system.services.get(target.partition(":")[0]) for target in entry["targets"])
                entry["targets"] = [service.health for service in running if service]
        file = case.folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(config))
        with (case.folder / "prometheus.log").open("wb") as log:
            case.spawn(["prometheus", f"--config.file={file}", f"--storage.tsdb.path={case.folder / 'tsdb'}",
                        f"--web.listen-address={self.url.removeprefix('http://')}"], case.environment(), log, log)

    def get(self, path, **query):
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}") as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from error

    def query(self, expression):
        return self.get("query", query=expression)["result"]

    def until(self, wanted):
        """Calls `wanted` after each message of the result topic, at least once per second, until it succeeds."""
        while True:
            try:
                found = wanted()
            except urllib.error.URLError:
                found = None  # Prometheus does not listen yet
            if found:
                return found
            self.system.next()

    def value(self, expression):
        result = self.query(expression)
        return float(result[0]["value"][1]) if result else 0


class ScrapeTest(ProcessTest):
    def setUp(self):
        need_system()
        need_gateway()
        super().setUp()

    def test_exports_every_metric_of_the_alerts_dashboard_and_documentation(self):
        system = Gateway(self)
        system.enrol(carphone_frames(self))
        system.start_all()
        system.play(CARPHONE, FACEBUS_CAMERAS_CLIP_LOOP="true", FACEBUS_CAMERAS_CLIP_PACE="live")
        system.until(lambda m: m.kind == "identity" and m["decision"] == "known")
        system.recognise(BIDEN)
        garbage = system.context.socket(zmq.DEALER)
        garbage.connect(system.ipc("probes"))
        garbage.send_multipart([b"probe", b"\xc1", b""])  # otherwise there is no error to count

        server = Prometheus(self, system)
        up = server.until(lambda: len(found := server.query("up == 1")) == len(SERVICES) and found)
        self.assertEqual(SERVICES, {each["metric"]["service"] for each in up})
        server.until(lambda: server.value('facebus_identities_total{decision="known"}') > 0)
        server.until(lambda: server.query("facebus_errors_total"))
        self.assertGreater(server.value('facebus_faces_total{camera="clip"}'), 0)
        self.assertGreater(server.value('facebus_tracks_total{camera="clip"}'), 0)
        self.assertGreater(server.value("facebus_first_result_seconds_count"), 0)
        self.assertGreater(server.value('facebus_result_stage_seconds_count{stage="recognize"}'), 0)
        self.assertEqual(1, server.value('facebus_gallery_subjects{service="recognize"}'))
        self.assertLess(server.value('time() - facebus_gallery_checked_timestamp_seconds{service="recognize"}'), 10)

        exported = set(server.get("label/__name__/values"))
        expressions = [rule["expr"] for rule in alerts()] + dashboard_expressions()
        self.assertGreater(len(expressions), 40)
        for expression in expressions:
            self.assertLessEqual({name for name in METRIC.findall(expression) if not OPTIONAL.match(name)}, exported,
                                 expression)
            server.query(expression)
        self.assertEqual({rule["alert"] for rule in alerts()},
                         {rule["name"] for group in server.get("rules")["groups"] for rule in group["rules"]})

        documented = set(re.findall(r"`(facebus_\w+)", (ROOT / "docs/monitoring.md").read_text()))
        families = {PARTS.sub("", name) for name in exported if name.startswith("facebus_")}
        self.assertEqual(families, {name for name in documented if not OPTIONAL.match(name)})

    def test_the_age_of_the_gallery_grows_while_redis_is_unavailable(self):
        system = Gateway(self)
        system.start("broker", "recognize")
        server = Prometheus(self, system)
        server.until(lambda: server.query('facebus_gallery_stale{service="recognize"} == 0'))
        system.stop("redis")
        server.until(lambda: server.query('facebus_gallery_stale{service="recognize"} == 1'))
        age = 'time() - facebus_gallery_checked_timestamp_seconds{service="recognize"}'
        server.until(lambda: server.value(age) > 5)


class OptionalMetrics(unittest.TestCase):
    def test_optional_metrics_are_documented_and_those_in_use_exist(self):
        source = "".join(file.read_text() for file in (ROOT / "services").rglob("*.cpp"))
        exported = {name for name in re.findall(r'"(facebus_\w+)"', source) if OPTIONAL.match(name)}
        documented = set(re.findall(r"`(facebus_\w+)", (ROOT / "docs/monitoring.md").read_text()))
        self.assertEqual(exported, {name for name in documented if OPTIONAL.match(name)})
        used = {name for expression in [rule["expr"] for rule in alerts()] + dashboard_expressions()
                for name in METRIC.findall(expression)}
        self.assertLessEqual({name for name in used if OPTIONAL.match(name)}, exported)


class Rules(unittest.TestCase):
    def setUp(self):
        need_tool("promtool")

    def promtool(self, *arguments):
        done = subprocess.run(["promtool", *arguments], cwd=DEPLOY, text=True, capture_output=True)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_promtool_accepts_configuration_and_alerts(self):
        self.promtool("check", "config", "prometheus.yml")
        self.promtool("check", "rules", "alerts.yaml")

    def test_every_alert_fires_in_its_case_and_not_in_normal_operation(self):
        self.promtool("test", "rules", "alerts_test.yaml")
        normal, *cases = yaml.safe_load((DEPLOY / "alerts_test.yaml").read_text())["tests"]
        names = {rule["alert"] for rule in alerts()}
        self.assertEqual(names, {each["alertname"] for each in normal["alert_rule_test"]})
        self.assertEqual(names, {each["alertname"] for case in cases for each in case["alert_rule_test"]
                                 if each["exp_alerts"]})

    def test_every_alert_has_a_summary_an_action_and_a_severity(self):
        for rule in alerts():
            self.assertEqual({"summary", "action"}, set(rule["annotations"]), rule["alert"])
            self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))


if __name__ == "__main__":
    unittest.main()
