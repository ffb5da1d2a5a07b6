"""Runs the services as real processes, with a Redis server and a subscriber to the result topic.

Tests wait for the READY=1 datagram that every service sends to NOTIFY_SOCKET, for messages of the result topic, and for
the exit of processes.
"""

import http.client
import os
import re
import select
import shutil
import signal
import socket

from pipeline_table import EDGE, STAGES
from support import program

try:
    import msgpack
    import zmq
except ImportError:
    msgpack = zmq = None  # support.need_system() then skips the tests

# The edge stages except capture, the last stage first.
EDGE_RECEIVERS = tuple(stage.process for stage in reversed(EDGE) if stage.endpoint)
# Processes without the prefix `facebus-`, in the order in which start_all() starts them: receivers before senders.
RECEIVERS = ("broker", "recognize", *EDGE_RECEIVERS)
SERVICES = (*RECEIVERS, "capture")

TERMINATION_LIMIT = 10  # seconds


def local_addresses(folder):
    """Returns environment variables that make the services use sockets in `folder`, and their health servers use free
    ports."""
    return {
        **{f"FACEBUS_{stage.section.upper()}_INPUT": f"ipc://{folder / stage.section}"
           for stage in EDGE if stage.endpoint},
        **{f"FACEBUS_BROKER_{name.upper()}": f"ipc://{folder / name}" for name in ("probes", "workers", "results")},
        **{f"FACEBUS_{stage.section.upper()}_HEALTH": "127.0.0.1:0" for stage in STAGES}}


def http_get(address, path):
    """Sends a GET request to the health server of a service. Returns status, content type and body."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, response.headers.get("Content-Type"), body


def metric(address, name, **labels):
    """Returns the value of the first sample of a metric that has at least these labels, or 0 if there is none."""
    body = http_get(address, "/metrics")[2]
    for line in body.splitlines():
        sample = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
        if sample and all(f'{key}="{value}"' in (sample[1] or "") for key, value in labels.items()):
            return float(sample[2])
    return 0.0


class Service:
    """A program of the system and its log."""

    def __init__(self, name, process, log):
        self.name, self.process, self.log = name, process, log
        self.pidfd = os.pidfd_open(process.pid)
        self.health = None  # host:port of its health server, once it is ready

    def lines(self):
        return self.log.read_text(errors="replace").splitlines()

    def last_line(self):
        lines = self.lines()
        return lines[-1] if lines else "(nothing)"

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds=TERMINATION_LIMIT):
        """Waits for the program to exit and returns its exit code, or None if it is still running after `seconds`."""
        exited, _, _ = select.select([self.pidfd], [], [], seconds)
        return self.process.wait() if exited else None


class Message:
    """Message of the result topic, as subscribers receive it."""

    def __init__(self, frames):
        self.topic, self.payload = frames[0].decode(), frames[2]
        self.header = msgpack.unpackb(frames[1])

    @property
    def kind(self):
        return self.topic.partition(".")[0]

    def __getitem__(self, key):
        return self.header[key]

    def get(self, key):
        return self.header.get(key)


class System:
    """The services, a Redis server and a subscriber, connected through sockets in the test's folder."""

    def __init__(self, case, workers=1, **environment):
        self.case, self.workers = case, workers
        self.services = {}
        self.messages = []
        self.folder = case.folder / f"s{len(case.processes)}"
        self.folder.mkdir()
        self.environment = case.environment(**{
            "NOTIFY_SOCKET": self.folder / "ready",
            "FACEBUS_REDIS_URL": f"unix://{self.folder / 'redis'}",
            **local_addresses(self.folder),
            **environment})
        self.ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ready.bind(str(self.folder / "ready"))
        self.context = zmq.Context()
        self.subscriber = self.context.socket(zmq.SUB)
        self.subscriber.setsockopt(zmq.RCVHWM, 0)
        case.addCleanup(self.close)
        self.connect()
        self.subscriber.subscribe("")

    def connect(self):
        self.subscriber.connect(self.results)

    def ipc(self, name):
        return f"ipc://{self.folder / name}"

    @property
    def results(self):
        """Address of the result topic."""
        return self.ipc("results")

    def program(self, name):
        """Returns the path of the program of a service."""
        return program(f"facebus-{name}")

    def start_redis(self, *flags):
        self._launch("redis", [shutil.which("redis-server"), "--port", "0", "--unixsocket",
                               str(self.folder / "redis"), "--save", "", "--dir", str(self.folder),
                               "--supervised", "systemd", *flags])
        self._wait_ready(1)

    def start(self, *names, **environment):
        """Starts the services one after the other, with `workers` processes for recognize, and only then waits until
        all are ready."""
        for name in names:
            count = self.workers if name == "recognize" else 1
            for number in range(count):
                key = f"{name}-{number + 1}" if count > 1 else name
                self._launch(key, [self.program(name)], **environment)
        self._wait_ready(sum(self.workers if name == "recognize" else 1 for name in names))

    def start_all(self):
        """Starts Redis, unless it was started before, and all services except capture and the gateway. Waits for a
        status message that reports all workers, which proves that the subscriber is connected and cannot miss a
        result."""
        if "redis" not in self.services:
            self.start_redis()
        self.start(*RECEIVERS)
        self.until(lambda m: m.kind == "status" and m["workers"] >= self.workers)

    def play(self, source, **environment):
        """Starts capture with one camera, named `clip`. Stops a running capture first."""
        self.stop("capture")
        self.start("capture", FACEBUS_CAMERAS_CLIP_SOURCE=source, **environment)

    def replay(self, source, **environment):
        """Plays a file to its end and returns all messages that were published meanwhile."""
        self.messages.clear()
        self.play(source, FACEBUS_CAPTURE_EXIT_AT_END="true", **environment)
        self.until(lambda m: m.kind == "track" and m["event"] == "end")
        return list(self.messages)

    def facebus(self, *arguments):
        """Runs the program facebus with the settings of this system, and returns its result."""
        environment = {k: v for k, v in self.environment.items() if k != "NOTIFY_SOCKET"}
        return self.case.run_program([program("facebus"), *arguments], environment)

    def enrol(self, *arguments):
        added = self.facebus("gallery", "add", *arguments)
        self.case.assertEqual(0, added.code, added)

    def stop(self, name):
        """Stops a service with SIGTERM and checks that its exit code is 0. Does nothing if it was not started."""
        service = self.services.pop(name, None)
        if service is None:
            return
        if service.process.poll() is None:
            service.terminate()
        code = service.wait()
        self.case.assertEqual(0, code, f"{name}: {service.last_line()}")

    def next(self):
        """Waits for the next message, appends it to `messages` and returns it. Fails the test if a service exits
        unexpectedly during the wait."""
        poller = zmq.Poller()
        poller.register(self.subscriber, zmq.POLLIN)
        for service in self.services.values():
            if service.process.poll() is None:
                poller.register(service.pidfd, zmq.POLLIN)
        while True:
            for item, _ in poller.poll():
                if item is self.subscriber:
                    message = Message(self.subscriber.recv_multipart())
                    self.messages.append(message)
                    return message
                self._check(item)
                poller.unregister(item)

    def until(self, wanted):
        """Reads messages until `wanted` returns true for one, and returns that message. Appends all to `messages`."""
        while True:
            message = self.next()
            if wanted(message):
                return message

    def close(self):
        self.ready.close()
        self.context.destroy(linger=0)
        for service in self.services.values():
            os.close(service.pidfd)

    def _launch(self, name, command, **environment):
        log = self.folder / f"{name}.log"
        with log.open("wb") as file:
            process = self.case.spawn(
                command, {**self.environment, **{k: str(v) for k, v in environment.items()}}, file,
                file)
        self.services[name] = Service(name, process, log)

    def _wait_ready(self, count):
        """Waits until `count` services have reported that they are ready."""
        while count > 0:
            waiting = {s.pidfd: s for s in self.services.values() if s.process.poll() is None}
            readable, _, _ = select.select([self.ready, *waiting], [], [])
            for item in readable:
                if item is not self.ready:
                    self._check(item)
            if self.ready not in readable:
                continue
            fields = dict(line.partition("=")[::2]
                          for line in self.ready.recv(4096).decode().splitlines())
            if fields.get("READY") != "1":
                continue
            count -= 1
            for service in self.services.values():
                if str(service.process.pid) == fields.get("MAINPID"):
                    service.health = fields["X_FACEBUS_HEALTH"]

    def _check(self, pidfd):
        """Fails the test if the service with this pidfd, which has exited, should still be running."""
        for service in self.services.values():
            if service.pidfd != pidfd:
                continue
            code = service.process.wait()
            if code != 0 or service.name != "capture":
                raise AssertionError(f"{service.name} exited with {code}: {service.last_line()}")


def identities(messages):
    """Returns those messages that are results."""
    return [m for m in messages if m.kind == "identity"]
