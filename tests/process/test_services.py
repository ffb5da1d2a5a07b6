"""What operators and subscribers see of the services: health, metrics, logs, signals, messages."""

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
from system import SERVICES, System, ask, identities, msgpack, zmq

try:
    import jsonschema
except ImportError:
    jsonschema = None

STATUS_MESSAGES = 3
HEARTBEAT = 2          # seconds; as in libs/bus/socket.cpp
HEARTBEAT_TIMEOUT = 6
STALL = 10             # seconds without a message in which nothing comes any more
METRIC = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-z_]+="(\\.|[^"\\])*",?)*\})? '
                    r'([-+]?(\d+(\.\d+)?([eE][-+]?\d+)?|Inf)|NaN)')


def closed_port():
    """A local port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServiceTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def played(self):
        """A system that has named the man of the clip and come to its end."""
        system = System(self)
        system.start_redis()
        system.enrol(carphone_frames(self))
        system.start_all()
        system.replay(CARPHONE)
        return system


class HealthTest(ServiceTest):
    def test_healthz_of_every_service_answers_200_once_it_is_ready(self):
        system = self.played()
        system.play(CARPHONE)
        system.until(lambda m: m.kind == "track" and m["event"] == "started")
        for name in SERVICES:
            with self.subTest(service=name):
                status, _, body = ask(system.services[name].health, "/healthz")
                self.assertEqual(200, status, body)
                self.assertEqual((name, "ok", True),
                                 tuple(json.loads(body)[k] for k in ("service", "status", "ready")))

    def test_metrics_of_every_service_are_prometheus_text(self):
        system = self.played()
        system.play(CARPHONE)
        system.until(lambda m: m.kind == "track" and m["event"] == "started")
        for name in SERVICES:
            with self.subTest(service=name):
                status, kind, body = ask(system.services[name].health, "/metrics")
                self.assertEqual(200, status)
                self.assertTrue(kind.startswith("text/plain"), kind)
                samples = [line for line in body.splitlines() if not line.startswith("#")]
                for line in samples:
                    self.assertTrue(METRIC.fullmatch(line), line)
                self.assertTrue(any(line.startswith("facebus_") for line in samples), body)
                for family in {re.match("[a-z_]+", line)[0] for line in samples}:
                    base = re.sub("_(bucket|sum|count)$", "", family)
                    self.assertRegex(body, rf"(?m)^# TYPE ({family}|{base}) ")

    def test_metrics_count_what_happened(self):
        system = self.played()
        _, _, body = ask(system.services["broker"].health, "/metrics")
        published = len(identities(system.messages))
        self.assertRegex(body, rf"(?m)^facebus_results_total {published}$")
        self.assertRegex(body, r"(?m)^facebus_workers 1$")

    def test_capture_is_unhealthy_and_goes_on_while_its_camera_is_away(self):
        for source in (f"rtsp://127.0.0.1:{closed_port()}/live", "/dev/video99"):
            with self.subTest(source=source):
                system = System(self)
                system.start("capture", FACEBUS_CAMERAS_CLIP_SOURCE=source)
                capture = system.services["capture"]
                status, _, body = ask(capture.health, "/healthz")
                self.assertEqual(503, status, body)
                self.assertEqual("failing", json.loads(body)["status"])
                self.assertFalse(json.loads(body)["checks"]["camera clip"]["ok"])
                self.assertEqual(200, ask(capture.health, "/metrics")[0])
                self.assertIsNone(capture.process.poll(), capture.last_words())

    def test_facebus_health_tells_a_well_service_from_one_that_is_not(self):
        system = System(self)
        system.start("broker")
        well = self.facebus("health", system.services["broker"].health)
        self.assertEqual(0, well.code, well)
        away = self.facebus("health", f"127.0.0.1:{closed_port()}")
        self.assertEqual(69, away.code, away)


class SignalTest(ServiceTest):
    def assert_all_end(self, system, number):
        for name in (*SERVICES[::-1], "redis"):
            service = system.services[name]
            with self.subTest(service=name):
                service.process.send_signal(number)
                self.assertEqual(0, service.wait(), service.last_words())

    def test_sigterm_ends_every_service_with_success_in_the_middle_of_work(self):
        system = System(self)
        system.start_all()
        system.play(CARPHONE, FACEBUS_CAMERAS_CLIP_LOOP="true")
        system.until(lambda m: m.kind == "track" and m["event"] == "started")
        self.assert_all_end(system, signal.SIGTERM)

    def test_sigint_ends_every_service_with_success_in_the_middle_of_work(self):
        system = System(self)
        system.start_all()
        system.play(CARPHONE, FACEBUS_CAMERAS_CLIP_LOOP="true")
        system.until(lambda m: m.kind == "track" and m["event"] == "started")
        self.assert_all_end(system, signal.SIGINT)

    def test_sigterm_ends_capture_while_its_camera_is_away(self):
        system = System(self)
        system.start("capture",
                     FACEBUS_CAMERAS_CLIP_SOURCE=f"rtsp://127.0.0.1:{closed_port()}/live")
        capture = system.services["capture"]
        capture.terminate()
        self.assertEqual(0, capture.wait(), capture.last_words())

    def test_sigterm_ends_each_service_that_has_no_other_to_talk_to(self):
        for name in ("broker", "track", "detect-align", "motion"):
            with self.subTest(service=name):
                system = System(self)
                system.start(name)
                system.services[name].terminate()
                self.assertEqual(0, system.services[name].wait())

    def test_sigterm_ends_the_stages_before_a_stage_that_is_not_there(self):
        system = System(self)
        system.start("detect-align", "motion")
        system.start("capture", FACEBUS_CAMERAS_CLIP_SOURCE=CARPHONE)
        for name in ("motion", "detect-align", "capture"):
            with self.subTest(service=name):
                system.services[name].terminate()
                self.assertEqual(0, system.services[name].wait())


class BackPressureTest(ServiceTest):
    """A slow stage holds the reader of a file, for as long as it takes, and nothing is lost. The
    test stands at both ends of motion: it sends as capture does and receives as detect-align does."""

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
        self.detect.bind(self.system.ipc("detect"))
        self.capture.connect(self.system.ipc("motion"))
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
        """Sends until all queues are full: nothing goes out for a second."""
        while self.sent < self.frames and self.capture.poll(1000, zmq.POLLOUT):
            self.send()
        self.assertLess(self.sent, self.frames, "nothing held the reader")

    def assert_goes_on(self, seconds):
        """Waits for the end of motion, which must not come."""
        code = self.motion.wait(seconds)
        self.assertIsNone(code, f"motion ended with {code}: {self.motion.last_words()}")

    def test_a_stage_survives_the_end_of_the_one_before_it_while_its_queue_is_full(self):
        self.fill()
        self.capture.close()
        self.assert_goes_on(2 * HEARTBEAT)
        self.assertEqual(200, ask(self.motion.health, "/metrics")[0])

    def test_no_frame_is_lost_however_long_the_next_stage_takes(self):
        self.fill()
        self.assert_goes_on(2 * HEARTBEAT_TIMEOUT)
        received = []
        while len(received) < self.frames:
            waiting = [(self.detect, zmq.POLLIN)]
            if self.sent < self.frames:
                waiting.append((self.capture, zmq.POLLOUT))
            poller = zmq.Poller()
            for socket_, what in waiting:
                poller.register(socket_, what)
            ready = dict(poller.poll(STALL * 1000))
            self.assertTrue(ready, f"{self.frames - len(received)} frames lost; came: {received}")
            if self.detect in ready:
                received.append(msgpack.unpackb(self.detect.recv_multipart()[1])["pts"] // 40_000_000)
            if self.capture in ready:
                self.send()
        self.assertEqual(list(range(self.frames)), received)


class TopicTest(ServiceTest):
    def test_a_subscriber_sees_messages_that_keep_to_the_schemas(self):
        support.need(jsonschema is not None, "python3-jsonschema is not installed")
        folder = ROOT / "schemas"
        store = {file.name: json.loads(file.read_text()) for file in folder.glob("*.json")}
        system = self.played()
        system.until(lambda m: m.kind == "status")  # a fast replay ends before the first of them
        seen = set()
        for message in system.messages:
            schema = store[f"{message.kind}.json"]
            resolver = jsonschema.RefResolver(base_uri="", referrer=schema, store=store)
            jsonschema.Draft202012Validator(schema, resolver=resolver).validate(message.header)
            self.assertEqual(f"{message.kind}.{message['src']}", message.topic)
            self.assertEqual(b"", message.payload)
            seen.add((message.kind, message.get("event")))
        for expected in (("identity", None), ("track", "started"), ("track", "ended"),
                         ("track", "end"), ("status", None)):
            self.assertIn(expected, seen)

    def test_the_man_of_the_clip_is_named_on_the_topic(self):
        known = [m for m in identities(self.played().messages) if m["decision"] == "known"]
        self.assertTrue(known, "nobody was named")
        self.assertEqual({"man"}, {m["subject"] for m in known})

    def test_a_track_starts_before_its_identity_and_ends_before_the_stream(self):
        system = self.played()
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

    def test_a_gap_in_the_numbers_of_status_messages_means_a_lost_message(self):
        system = self.played()
        # Before, during and after the clip: results and acknowledgements must not leave gaps.
        for _ in range(STATUS_MESSAGES):
            system.until(lambda m: m.kind == "status")
        messages = list(system.messages)
        messages += system.replay(CARPHONE)
        messages.append(system.until(lambda m: m.kind == "status"))
        numbers = [m["seq"] for m in messages if m.kind == "status"]
        self.assertEqual(list(range(numbers[0], numbers[0] + len(numbers))), numbers)

    def test_results_are_numbered_without_gaps(self):
        system = self.played()
        numbers = [m["result"] for m in identities(system.messages)]
        system.replay(CARPHONE)
        numbers += [m["result"] for m in identities(system.messages)]
        self.assertGreater(len(numbers), 1)
        self.assertEqual(list(range(1, len(numbers) + 1)), numbers)

    def test_status_tells_that_no_worker_is_there_and_when_one_comes(self):
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
        """Checks the lines of a service and gives their events."""
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

    def test_every_line_that_a_service_logs_is_structured(self):
        system = self.played()
        for name in SERVICES[::-1]:
            service = system.services[name]
            if service.process.poll() is None:
                service.terminate()
            self.assertEqual(0, service.wait())
            with self.subTest(service=name):
                events = self.assert_structured(name, service.lines())
                self.assertIn("ready", events)
                self.assertEqual("stopped", events[-1])
                # Neither a crop nor an embedding fits in here.
                for line in service.lines():
                    self.assertLess(len(line), 400, line)

    def test_a_camera_that_is_away_is_logged_in_structured_lines_only(self):
        """The libraries that open cameras like to talk on standard error themselves."""
        for source in (f"rtsp://user:geheim@127.0.0.1:{closed_port()}/live", "/dev/video99"):
            with self.subTest(source=source):
                capture = self.spawn([program("facebus-capture")], self.environment(
                    FACEBUS_CAMERAS_CLIP_SOURCE=source, FACEBUS_CAPTURE_HEALTH="none",
                    FACEBUS_MOTION_INPUT=f"ipc://{self.folder / 'motion'}"), subprocess.DEVNULL,
                    subprocess.PIPE)
                lines = []
                while not lines or "event=camera_disconnected" not in lines[-1]:
                    line = capture.stderr.readline().decode()
                    self.assertTrue(line, f"it ended: {lines}")
                    lines.append(line.rstrip("\n"))
                capture.terminate()
                lines += capture.stderr.read().decode().splitlines()
                self.assertEqual(0, capture.wait())
                self.assert_structured("capture", lines)
                self.assertNotIn("geheim", "\n".join(lines), "a password in the log")


if __name__ == "__main__":
    unittest.main()
