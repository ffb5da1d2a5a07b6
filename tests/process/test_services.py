"""Tests what operators and subscribers see of the services: health, metrics, logs, signals and messages. Here, "every
service" means every service except the gateway, which has its own tests."""

import json
import re
import signal
import socket
import subprocess
import time
import unittest

import support
from images import carphone_frames
from support import CARPHONE, ROOT, log_fields, program
from system import EDGE_RECEIVERS, SERVICES, System, http_get, identities, msgpack, zmq

try:
    import jsonschema
except ImportError:
    jsonschema = None

STATUS_MESSAGES = 3  # status messages between the two replays of test_status_messages_are_numbered_without_gaps
SHORT_BLOCK = 4      # seconds for which full queues block motion
LONG_BLOCK = 12      # seconds for which full queues block motion
STALL = 10           # seconds without progress after which frames count as lost
METRIC = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-z_]+="(\\.|[^"\\])*",?)*\})? '
                    r'([-+]?(\d+(\.\d+)?([eE][-+]?\d+)?|Inf)|NaN)')


def closed_port():
    """Returns a local port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServiceTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def system_after_replay(self):
        """Enrols the man in the demo clip and plays the clip to its end. Returns the system."""
        system = System(self)
        system.start_redis()
        system.enrol(carphone_frames(self))
        system.start_all()
        system.replay(CARPHONE)
        return system


class HealthTest(ServiceTest):
    def test_healthz_of_every_service_returns_200_once_it_is_ready(self):
        system = self.system_after_replay()
        system.play(CARPHONE)
        system.until(lambda m: m.kind == "track" and m["event"] == "started")
        for name in SERVICES:
            with self.subTest(service=name):
                status, _, body = http_get(system.services[name].health, "/healthz")
                self.assertEqual(200, status, body)
                self.assertEqual((name, "ok", True),
                                 tuple(json.loads(body)[k] for k in ("service", "status", "ready")))

    def test_metrics_of_every_service_are_in_the_prometheus_text_format(self):
        system = self.system_after_replay()
        system.play(CARPHONE)
        system.until(lambda m: m.kind == "track" and m["event"] == "started")
        for name in SERVICES:
            with self.subTest(service=name):
                status, kind, body = http_get(system.services[name].health, "/metrics")
                self.assertEqual(200, status)
                self.assertTrue(kind.startswith("text/plain"), kind)
                samples = [line for line in body.splitlines() if not line.startswith("#")]
                for line in samples:
                    self.assertTrue(METRIC.fullmatch(line), line)
                self.assertTrue(any(line.startswith("facebus_") for line in samples), body)
                for family in {re.match("[a-z_]+", line)[0] for line in samples}:
                    base = re.sub("_(bucket|sum|count)$", "", family)
                    self.assertRegex(body, rf"(?m)^# TYPE ({family}|{base}) ")

    def test_the_broker_counts_results_and_workers(self):
        system = self.system_after_replay()
        _, _, body = http_get(system.services["broker"].health, "/metrics")
        published = len(identities(system.messages))
        self.assertRegex(body, rf"(?m)^facebus_results_total {published}$")
        self.assertRegex(body, r"(?m)^facebus_workers 1$")

    def test_capture_is_unhealthy_but_keeps_running_while_its_camera_is_unavailable(self):
        for source in (f"rtsp://127.0.0.1:{closed_port()}/live", "/dev/video99"):
            with self.subTest(source=source):
                system = System(self)
                system.start("capture", FACEBUS_CAMERAS_CLIP_SOURCE=source)
                capture = system.services["capture"]
                status, _, body = http_get(capture.health, "/healthz")
                self.assertEqual(503, status, body)
                self.assertEqual("failing", json.loads(body)["status"])
                self.assertFalse(json.loads(body)["checks"]["camera clip"]["ok"])
                self.assertEqual(200, http_get(capture.health, "/metrics")[0])
                self.assertIsNone(capture.process.poll(), capture.last_line())

    def test_facebus_health_exits_with_0_if_the_service_is_healthy_and_69_if_it_is_unavailable(self):
        system = System(self)
        system.start("broker")
        healthy = self.facebus("health", system.services["broker"].health)
        self.assertEqual(0, healthy.code, healthy)
        unavailable = self.facebus("health", f"127.0.0.1:{closed_port()}")
        self.assertEqual(69, unavailable.code, unavailable)


class SignalTest(ServiceTest):
    def assert_all_exit(self, system, number):
        """Sends a signal to every service and to Redis, and checks that each exits with code 0."""
        for name in (*SERVICES[::-1], "redis"):
            service = system.services[name]
            with self.subTest(service=name):
                service.process.send_signal(number)
                self.assertEqual(0, service.wait(), service.last_line())

    def test_every_busy_service_exits_successfully_on_sigterm(self):
        system = System(self)
        system.start_all()
        system.play(CARPHONE, FACEBUS_CAMERAS_CLIP_LOOP="true")
        system.until(lambda m: m.kind == "track" and m["event"] == "started")
        self.assert_all_exit(system, signal.SIGTERM)

    def test_every_busy_service_exits_successfully_on_sigint(self):
        system = System(self)
        system.start_all()
        system.play(CARPHONE, FACEBUS_CAMERAS_CLIP_LOOP="true")
        system.until(lambda m: m.kind == "track" and m["event"] == "started")
        self.assert_all_exit(system, signal.SIGINT)

    def test_capture_exits_on_sigterm_while_its_camera_is_unavailable(self):
        system = System(self)
        system.start("capture",
                     FACEBUS_CAMERAS_CLIP_SOURCE=f"rtsp://127.0.0.1:{closed_port()}/live")
        capture = system.services["capture"]
        capture.terminate()
        self.assertEqual(0, capture.wait(), capture.last_line())

    def test_services_exit_on_sigterm_while_no_other_service_is_running(self):
        for name in ("broker", *EDGE_RECEIVERS):
            with self.subTest(service=name):
                system = System(self)
                system.start(name)
                system.services[name].terminate()
                self.assertEqual(0, system.services[name].wait())

    def test_edge_stages_exit_on_sigterm_while_track_is_not_running(self):
        system = System(self)
        stages = [name for name in EDGE_RECEIVERS if name != "track"]
        system.start(*stages)
        system.start("capture", FACEBUS_CAMERAS_CLIP_SOURCE=CARPHONE)
        for name in (*reversed(stages), "capture"):
            with self.subTest(service=name):
                system.services[name].terminate()
                self.assertEqual(0, system.services[name].wait())


class BackPressureTest(ServiceTest):
    """A slow stage blocks the capture of a file for as long as necessary, and no frame is lost. The test takes the
    place of both neighbours of motion: it sends frames as capture does, and receives regions as detect-align does."""

    frames = 60
    size = (320, 240)

    def setUp(self):
        super().setUp()
        self.system = System(self)
        self.system.start("motion")
        self.motion = self.system.services["motion"]
        self.capture = self.system.context.socket(zmq.PUSH)
        self.detect = self.system.context.socket(zmq.PULL)
        for socket_ in (self.capture, self.detect):
            socket_.set_hwm(1)
            socket_.linger = 0
        self.detect.bind(self.system.ipc("detect.lossless"))
        self.capture.connect(self.system.ipc("motion.lossless"))
        self.sent = 0

    def send(self):
        now = time.time_ns()
        width, height = self.size
        header = {"v": 1, "src": "clip", "seq": self.sent + 1, "ts": now, "t": {"capture": now},
                  "pts": self.sent * 40_000_000, "live": False, "end": False, "width": width,
                  "height": height}
        self.capture.send_multipart([b"frame.clip", msgpack.packb(header),
                                     bytes([self.sent % 256]) * (width * height * 3)])
        self.sent += 1

    def fill(self):
        """Sends frames until all queues are full, that is, until sending has blocked for a second."""
        while self.sent < self.frames and self.capture.poll(1000, zmq.POLLOUT):
            self.send()
        self.assertLess(self.sent, self.frames, "sending was never blocked")

    def assert_keeps_running(self, seconds):
        """Fails if motion exits within `seconds`."""
        code = self.motion.wait(seconds)
        self.assertIsNone(code, f"motion exited with {code}: {self.motion.last_line()}")

    def test_a_stage_with_a_full_queue_keeps_running_if_the_previous_stage_exits(self):
        self.fill()
        self.capture.close()
        self.assert_keeps_running(SHORT_BLOCK)
        self.assertEqual(200, http_get(self.motion.health, "/metrics")[0])

    def test_no_frame_is_lost_if_the_next_stage_is_slow(self):
        self.fill()
        self.assert_keeps_running(LONG_BLOCK)
        received = []
        while len(received) < self.frames:
            poller = zmq.Poller()
            poller.register(self.detect, zmq.POLLIN)
            if self.sent < self.frames:
                poller.register(self.capture, zmq.POLLOUT)
            ready = dict(poller.poll(STALL * 1000))
            self.assertTrue(ready, f"{self.frames - len(received)} frames lost; received: {received}")
            if self.detect in ready:
                received.append(msgpack.unpackb(self.detect.recv_multipart()[1])["pts"] // 40_000_000)
            if self.capture in ready:
                self.send()
        self.assertEqual(list(range(self.frames)), received)


class TopicTest(ServiceTest):
    def test_published_messages_conform_to_the_schemas(self):
        support.need(jsonschema is not None, "python3-jsonschema is not installed")
        folder = ROOT / "schemas"
        store = {file.name: json.loads(file.read_text()) for file in folder.glob("*.json")}
        system = self.system_after_replay()
        system.until(lambda m: m.kind == "status")  # a fast replay can end before a status message arrives
        published = set()
        for message in system.messages:
            schema = store[f"{message.kind}.json"]
            resolver = jsonschema.RefResolver(base_uri="", referrer=schema, store=store)
            jsonschema.Draft202012Validator(schema, resolver=resolver).validate(message.header)
            self.assertEqual(f"{message.kind}.{message['src']}", message.topic)
            self.assertEqual(b"", message.payload)
            published.add((message.kind, message.get("event")))
        for expected in (("identity", None), ("track", "started"), ("track", "ended"),
                         ("track", "end"), ("status", None)):
            self.assertIn(expected, published)

    def test_the_man_in_the_clip_is_recognised(self):
        known = [m for m in identities(self.system_after_replay().messages) if m["decision"] == "known"]
        self.assertTrue(known, "nobody was recognised")
        self.assertEqual({"man"}, {m["subject"] for m in known})

    def test_track_start_first_result_track_end_and_stream_end_are_published_in_this_order(self):
        system = self.system_after_replay()
        order = {}
        for position, message in enumerate(system.messages):
            if message.kind in ("identity", "track"):
                order.setdefault((message.kind, message.get("event"), message["track"]), position)
        tracks = {key[2] for key in order if key[0] == "identity"}
        self.assertTrue(tracks)
        for track in tracks:
            self.assertLess(order["track", "started", track], order["identity", None, track])
            self.assertLess(order["identity", None, track], order["track", "ended", track])
            self.assertLess(order["track", "ended", track], order["track", "end", ""])

    def test_status_messages_are_numbered_without_gaps(self):
        system = self.system_after_replay()
        # Collect status messages from before, during and after the second replay of the clip. Results and
        # acknowledgements must not use up their numbers.
        for _ in range(STATUS_MESSAGES):
            system.until(lambda m: m.kind == "status")
        messages = list(system.messages)
        messages += system.replay(CARPHONE)
        messages.append(system.until(lambda m: m.kind == "status"))
        numbers = [m["seq"] for m in messages if m.kind == "status"]
        self.assertEqual(list(range(numbers[0], numbers[0] + len(numbers))), numbers)

    def test_results_are_numbered_without_gaps(self):
        system = self.system_after_replay()
        numbers = [m["result"] for m in identities(system.messages)]
        system.replay(CARPHONE)
        numbers += [m["result"] for m in identities(system.messages)]
        self.assertGreater(len(numbers), 1)
        self.assertEqual(list(range(1, len(numbers) + 1)), numbers)

    def test_status_reports_whether_a_worker_is_connected(self):
        system = System(self)
        system.start_redis()
        system.start("broker")
        status = system.until(lambda m: m.kind == "status")
        self.assertEqual(("no worker", 0), (status["state"], status["workers"]))
        system.start("recognize")
        status = system.until(lambda m: m.kind == "status" and m["workers"] == 1)
        self.assertEqual("ok", status["state"])


class LogTest(ServiceTest):
    def assert_structured(self, name, lines):
        """Checks that the log lines of the service `name` are structured. Returns their events."""
        self.assertTrue(lines, name)
        events = []
        for line in lines:
            fields = log_fields(line)
            self.assertIsNotNone(fields, f"{name}: {line}")
            for key in ("ts", "level", "service", "event"):
                self.assertIn(key, fields, line)
            self.assertRegex(fields["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertIn(fields["level"], ("debug", "info", "warning", "error"))
            self.assertEqual(name, fields["service"], line)
            events.append(fields["event"])
        return events

    def test_every_log_line_is_structured(self):
        system = self.system_after_replay()
        for name in SERVICES[::-1]:
            service = system.services[name]
            if service.process.poll() is None:
                service.terminate()
            self.assertEqual(0, service.wait())
            with self.subTest(service=name):
                events = self.assert_structured(name, service.lines())
                self.assertIn("ready", events)
                self.assertEqual("stopped", events[-1])
                # Lines must be too short to contain a crop or an embedding.
                for line in service.lines():
                    self.assertLess(len(line), 400, line)

    def test_all_output_about_an_unavailable_camera_is_structured(self):
        """By default, the libraries that open cameras also print messages, which are not structured."""
        for source in (f"rtsp://user:topsecret@127.0.0.1:{closed_port()}/live", "/dev/video99"):
            with self.subTest(source=source):
                capture = self.spawn([program("facebus-capture")], self.environment(
                    FACEBUS_CAMERAS_CLIP_SOURCE=source, FACEBUS_CAPTURE_HEALTH="none",
                    FACEBUS_MOTION_INPUT=f"ipc://{self.folder / 'motion'}"), subprocess.DEVNULL,
                    subprocess.PIPE)
                lines = []
                while not lines or "event=camera_disconnected" not in lines[-1]:
                    line = capture.stderr.readline().decode()
                    self.assertTrue(line, f"capture exited: {lines}")
                    lines.append(line.rstrip("\n"))
                capture.terminate()
                lines += capture.stderr.read().decode().splitlines()
                self.assertEqual(0, capture.wait())
                self.assert_structured("capture", lines)
                self.assertNotIn("topsecret", "\n".join(lines), "a password in the log")


if __name__ == "__main__":
    unittest.main()
