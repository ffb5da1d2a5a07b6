"""Tests the shipped Prometheus configuration, alerts and dashboard with a Prometheus server and a running system."""

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
HISTOGRAM_SUFFIX = re.compile("_(bucket|sum|count)$")
# Metrics that are exported only if MQTT or webhooks are configured.
OPTIONAL = re.compile("facebus_(mqtt|presence|webhook)_")


def alerts():
    """Returns the rules in alerts.yaml."""
    groups = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard_expressions():
    """Returns the queries of the dashboard."""
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
            # The host names of Compose do not resolve here. Replace them with the addresses of the running processes.
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
        """Sends a request to the HTTP API of Prometheus and returns the data in the response."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}") as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from error

    def query(self, expression):
        """Returns the series that result from a PromQL expression."""
        return self.get("query", query=expression)["result"]

    def until(self, condition):
        """Waits until `condition` returns a true value, and returns that value. Calls it after each message of the
        result topic, that is, at least once per second."""
        while True:
            try:
                value = condition()
            except urllib.error.URLError:
                value = None  # Prometheus does not listen yet
            if value:
                return value
            self.system.next()

    def value(self, expression):
        """Returns the value of the first series that results from a PromQL expression; 0 if there is none."""
        result = self.query(expression)
        return float(result[0]["value"][1]) if result else 0


class ScrapeTest(ProcessTest):
    def setUp(self):
        need_system()
        need_gateway()
        super().setUp()

    def test_exports_every_metric_in_alerts_dashboard_and_documentation(self):
        system = Gateway(self)
        system.enrol(carphone_frames(self))
        system.start_all()
        system.play(CARPHONE, FACEBUS_CAMERAS_CLIP_LOOP="true", FACEBUS_CAMERAS_CLIP_PACE="live")
        system.until(lambda m: m.kind == "identity" and m["decision"] == "known")
        system.recognise(BIDEN)
        garbage = system.context.socket(zmq.DEALER)
        garbage.connect(system.ipc("probes"))
        garbage.send_multipart([b"probe", b"\xc1", b""])  # causes an error, so that facebus_errors_total exists

        server = Prometheus(self, system)
        up = server.until(lambda: len(found := server.query("up == 1")) == len(SERVICES) and found)
        self.assertEqual(SERVICES, {series["metric"]["service"] for series in up})
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
        families = {HISTOGRAM_SUFFIX.sub("", name) for name in exported if name.startswith("facebus_")}
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
    def test_optional_metrics_are_documented_and_those_in_alerts_and_dashboard_exist(self):
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

    def test_every_alert_fires_in_its_test_case_and_not_in_normal_operation(self):
        self.promtool("test", "rules", "alerts_test.yaml")
        normal, *cases = yaml.safe_load((DEPLOY / "alerts_test.yaml").read_text())["tests"]
        names = {rule["alert"] for rule in alerts()}
        self.assertEqual(names, {test["alertname"] for test in normal["alert_rule_test"]})
        self.assertEqual(names, {test["alertname"] for case in cases for test in case["alert_rule_test"]
                                 if test["exp_alerts"]})

    def test_every_alert_has_a_summary_an_action_and_a_severity(self):
        for rule in alerts():
            self.assertEqual({"summary", "action"}, set(rule["annotations"]), rule["alert"])
            self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))


if __name__ == "__main__":
    unittest.main()
