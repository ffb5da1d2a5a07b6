"""Runs `track`, the broker, the workers and Redis as real processes, and checks that faults lose
no probe.

The test takes the place of detect-align and sends faces to `track`. By default, each frame has three faces. `track` is
configured to send one probe per face of each frame, so N frames produce exactly 3 N probes. Each of them must be
completed despite the fault. `track` counts the probes that are sent, acknowledged and dropped.
"""

import json
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "process"))

import support
from peers import Worker
from support import CARPHONE, need_tool
from system import System, identities, metric, msgpack, zmq

FACES = 3
SIDE = 160
TRACK_FRAMES = 16  # frames per track; then a scene cut starts new tracks
POLL_MS = 50       # maximum time between two readings of the counters


def crop(case):
    """Returns the raw pixels of an image that has the size of a crop."""
    need_tool("ffmpeg")
    file = case.folder / "crop.bgr"
    made = case.run_program(["ffmpeg", "-v", "error", "-y", "-i", CARPHONE, "-frames:v", "1", "-vf",
                             f"scale={SIDE}:{SIDE}", "-pix_fmt", "bgr24", "-f", "rawvideo", file])
    case.assertEqual(0, made.code, made)
    return file.read_bytes()


def faces_message(number, crops, **keys):
    """Returns the message `face` about frame `number` of a stream, with one face per crop. `keys` replaces or adds keys
    of the header."""
    faces = [{"box": {"x": 200.0 * i, "y": 10.5, "width": 80.5, "height": 100.5},
              "landmarks": [{"x": 200.0 * i + x, "y": y} for x, y in
                            ((20.5, 40.5), (60.5, 40.5), (40.5, 60.5), (25.5, 80.5), (55.5, 80.5))],
              "quality": {"eye_distance": 40.5, "sharpness": 60.5, "yaw": 0.5, "detector": 0.99,
                          "overall": 0.9}} for i in range(len(crops))]
    header = {"v": 1, "src": "door", "seq": number + 1, "ts": time.time_ns(), "t": {}, "pts": number * 200_000_000,
              "live": False, "end": False, "cut": False, "faces": faces, **keys}
    return [f"face.{header['src']}".encode(), msgpack.packb(header), b"".join(crops)]


class FaultSystem(System):
    """System in which the test takes the place of detect-align."""

    def __init__(self, case, workers=2, **environment):
        super().__init__(case, workers=workers, **{
            "FACEBUS_TRACK_CONFIRM": "1", "FACEBUS_TRACK_REFRESH": "0.1",
            "FACEBUS_TRACK_RESEND": "1", "FACEBUS_BROKER_WORKER_TIMEOUT": "2", **environment})
        self.pixels = crop(case)
        self.frames = 0
        self.fed = 0  # faces sent to track
        self.detect = None  # socket that takes the place of detect-align

    def start_server(self):
        """Starts Redis, broker, workers and track, and connects to track."""
        self.start_redis()
        self.start("broker", "recognize")
        self.until(lambda m: m.kind == "status" and m["workers"] >= self.workers)
        self.start("track")
        self.connect_detect()

    def connect_detect(self):
        """Connects to `track` in place of detect-align."""
        self.detect = self.context.socket(zmq.PUSH)
        self.detect.linger = 0
        self.detect.connect(self.ipc("track.lossless"))

    def feed(self, frames, count=FACES, crops=None):
        """Sends `frames` frames to `track`. Each has one face per crop in `crops`; by default, `count` identical
        faces. Blocks while the queue of the socket is full because `track` does not read."""
        crops = crops or [self.pixels] * count
        count = len(crops)
        for _ in range(frames):
            self.detect.send_multipart(faces_message(self.frames, crops, cut=self.frames % TRACK_FRAMES == 0))
            self.frames += 1
            self.fed += count

    def track_metric(self, name):
        """Returns the value of the metric facebus_`name` of `track`."""
        return int(metric(self.services["track"].health, f"facebus_{name}"))

    def acknowledged(self):
        """Returns how many probes the broker has acknowledged to `track`."""
        return self.track_metric("probes_acknowledged_total")

    def dropped(self):
        """Returns how many probes `track` has dropped and the broker has not acknowledged."""
        return self.track_metric("probes_dropped_total") + self.track_metric("probes_dropped_unacknowledged_total")

    def poll(self):
        """Waits up to POLL_MS for a message of the result topic and reads it."""
        if self.subscriber.poll(POLL_MS):
            self.next()

    def read_arrived(self):
        """Reads all messages of the result topic that have arrived."""
        while self.subscriber.poll(0):
            self.next()

    def wait_for(self, condition):
        """Reads messages until the condition is true. For a condition about a message, use until()."""
        while not condition():
            self.poll()

    def wait_for_acknowledgements(self, count):
        self.wait_for(lambda: self.acknowledged() >= count)

    def wait_until_idle(self):
        """Waits until all probes and events are acknowledged, and reads all results."""
        # In this order, because a probe enters the outbox before it is counted as sent.
        self.wait_for(lambda: self.track_metric("probes_sent_total") == self.fed)
        self.wait_for(lambda: self.track_metric("outbox_entries") == 0)
        # The broker publishes a result before it acknowledges the probe, so all results precede the next status.
        self.read_arrived()
        self.until(lambda m: m.kind == "status" and m["queued"] + m["in_flight"] == 0)

    def kill(self, name):
        """Kills a service with SIGKILL and returns it, so that the test can read its log."""
        service = self.services.pop(name)
        service.process.kill()
        service.process.wait()
        return service

    def signal(self, name, number):
        self.services[name].process.send_signal(number)

    def suspend(self, name):
        """Suspends a process, so that it appears to hang."""
        self.signal(name, signal.SIGSTOP)

    def resume(self, name):
        self.signal(name, signal.SIGCONT)

    def worker_names(self):
        return sorted(name for name in self.services if name.startswith("recognize"))

    def start_worker(self, name):
        """Starts another worker, named `name` in `services`, and waits until it is ready."""
        self._launch(name, [self.program("recognize")])
        self._wait_ready(1)

    def redis(self, *command):
        """Runs a Redis command and returns its output."""
        finished = self.case.run_program(["redis-cli", "-s", self.folder / "redis", *command])
        self.case.assertEqual(0, finished.code, finished)
        return finished.out.strip()

    def stored_probes(self):
        """Returns the number of different probes that the workers have stored in Redis."""
        script = ("local n = 0 for _, k in ipairs(redis.call('KEYS', 'facebus:track:*')) do "
                  "n = n + redis.call('HLEN', k) end return n")
        return int(self.redis("EVAL", script, "0"))


class FaultTest(support.ProcessTest):
    limit = 180

    @classmethod
    def setUpClass(cls):
        support.need_system()
        need_tool("redis-cli")

    def start_system(self, workers=2, **environment):
        """Starts a system and feeds it 16 frames. Returns the system as soon as three probes are acknowledged, so that
        others are still in flight."""
        system = FaultSystem(self, workers, **environment)
        system.start_server()
        system.feed(16)
        system.wait_for_acknowledgements(FACES)
        return system

    def wait_for_recovery(self, system, before):
        """Waits until more than `before` probes are acknowledged, and returns the elapsed seconds."""
        start = time.monotonic()
        system.wait_for_acknowledgements(before + 1)
        return time.monotonic() - start

    def check_all_completed(self, system, fault, recovered=None, stored=True):
        """Waits until every probe is acknowledged. Then checks that no probe was lost, was dropped or has the decision
        `error`. `fault` describes the fault in the report. `recovered` is the result of wait_for_recovery(). If
        `stored` is true, also checks that the workers have stored every probe in Redis."""
        system.wait_until_idle()
        self.check_counts(fault, system.fed, system.acknowledged(),
                          system.dropped(), recovered)
        if stored:
            self.assertEqual(system.fed, system.stored_probes(), "not every probe is stored in Redis")
        self.assertEqual([], [m["probe"] for m in identities(system.messages) if m["decision"] == "error"])

    def check_counts(self, fault, sent, completed, dropped=0, seconds=None):
        """Checks that no probe was lost or dropped. If tests/fault/report runs the test, writes a line for the report.
        `seconds` is the time until the first acknowledgement after the fault, or None if it was not measured."""
        lost = sent - completed - dropped
        if file := os.environ.get("FACEBUS_FAULT_REPORT"):
            with open(file, "a") as out:
                print(json.dumps({"fault": fault, "probes": sent, "completed": completed,
                                  "dropped": dropped, "lost": lost, "seconds": seconds}), file=out)
        self.assertEqual((0, 0), (lost, dropped))


class SimulatedPeers(FaultTest):
    """Runs a real broker with simulated edges and a simulated worker."""

    def start_broker(self, **environment):
        """Starts Redis, a broker and the simulated worker, and returns the system."""
        system = FaultSystem(self, **environment)
        system.start_redis()
        system.start("broker")
        system.until(lambda m: m.kind == "status")
        self.worker = Worker(system.context, system.ipc("workers"))
        return system

    def complete_all(self, system, edges, after_poll=lambda: None):
        """Runs worker, edges and subscriber until every probe is acknowledged. Calls `after_poll` after each poll of
        their sockets."""
        poller = zmq.Poller()
        for socket in (system.subscriber, self.worker.socket, *(edge.socket for edge in edges)):
            poller.register(socket, zmq.POLLIN)
        while any(edge.unacknowledged for edge in edges):
            ready = dict(poller.poll())
            if self.worker.socket in ready:
                self.worker.work()
            for edge in edges:
                if edge.socket in ready:
                    edge.receive()
            while system.subscriber in ready and system.subscriber.poll(0):
                system.next()
            after_poll()
