"""What the process tests share: real processes, started, watched and ended.

A test waits for events only: the READY=1 datagram that every service sends to NOTIFY_SOCKET,
messages on the result topic, the end of a process. Nothing here sleeps. A watchdog (SIGALRM) fails a
test that waits too long, and its clean-up ends every process that it started.

    FACEBUS_BIN          folder with the programs; default build/release/bin
    FACEBUS_MODELS       models; default the folder that models/prepare fills
    FACEBUS_DATA         evaluation data
    FACEBUS_REQUIRE_ALL  1: what is missing is a failure and not a reason to skip
"""

import contextlib
import ctypes
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import uuid

try:
    import msgpack
    import zmq
except ImportError:
    msgpack = zmq = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("FACEBUS_BIN", ROOT / "build/release/bin")).resolve()
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
MODELS = pathlib.Path(os.environ.get("FACEBUS_MODELS") or CACHE / "facebus/models")
DEMO = MODELS / "demo"
CARPHONE = DEMO / "carphone_pristine.mp4"
DATA = pathlib.Path(os.environ.get("FACEBUS_DATA") or "/nonexistent")
MARK = "FACEBUS_TEST_MARK"

# In the order of the flow against its direction, so that each starts into a stage that is there.
SERVICES = ("broker", "recognize", "track", "detect-align", "motion", "capture")
HEALTH_KEYS = {name: name.split("-")[0].upper() for name in SERVICES}

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

TERMINATION_LIMIT = 10
PROCESS_LIMIT = 120


def die_with_parent():
    """For a child: if the test program is killed, it goes too."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class TimedOut(Exception):
    """The watchdog: the event that a test waits for did not come."""


def need(present, what):
    """Skips the test if a part is missing; fails it where everything has to be there."""
    if present:
        return
    if os.environ.get("FACEBUS_REQUIRE_ALL") == "1":
        raise AssertionError(f"FACEBUS_REQUIRE_ALL=1, but {what}")
    raise unittest.SkipTest(what)


def need_programs():
    need((BIN / "facebus").exists(), f"no programs in {BIN}; build them or set FACEBUS_BIN")


def need_models():
    need((MODELS / "facenet.onnx").exists(), f"no models in {MODELS}; run models/prepare")
    need(CARPHONE.exists(), f"no demo clip in {DEMO}; run models/prepare")


def need_system():
    """Everything that it takes to run the services and listen to them."""
    need_programs()
    need_models()
    need(zmq is not None, "python3-zmq and python3-msgpack are not installed")
    need_tool("redis-server")


def need_tool(name):
    need(shutil.which(name), f"{name} is not installed")


def need_data():
    """The evaluation data is nobody's to install, so where it is not named its tests are skipped."""
    if "FACEBUS_DATA" not in os.environ:
        raise unittest.SkipTest("FACEBUS_DATA does not name the evaluation data")
    need((DATA / "video").exists(), "FACEBUS_DATA does not name the evaluation data")


def program(name):
    return str(BIN / name)


def log_fields(line):
    """The fields of a structured log line; nothing if it is not one."""
    pair = r'([a-z0-9_]+)=("(?:[^"\\]|\\.)*"|[^\s"=\\]+)'
    if not re.fullmatch(f"{pair}(?: {pair})*", line):
        return None
    return {key: value.strip('"') for key, value in re.findall(pair, line)}


class Finished:
    """How a program that was run to its end has ended."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def __str__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"

    @property
    def err_lines(self):
        return self.err.splitlines()


class ProcessTest(unittest.TestCase):
    """A test with a watchdog, a folder of its own, and nothing left behind."""

    limit = PROCESS_LIMIT

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fb-"))  # short: it holds unix sockets
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.mark = uuid.uuid4().hex
        self.groups = []
        self.addCleanup(self._kill_all)
        self.scratch = self.folder / "tmp"
        self.scratch.mkdir()
        self.config = self.folder / "none.yaml"
        self.config.write_text("")
        signal.signal(signal.SIGALRM, self._bark)
        signal.setitimer(signal.ITIMER_REAL, self.limit)

    def tearDown(self):
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _bark(self, *_):
        raise TimedOut(f"{self.id()} waited for more than {self.limit} s")

    def environment(self, **changes):
        """This process' environment without its FACEBUS_ settings, and with `changes`."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FACEBUS_")}
        kept.pop("NOTIFY_SOCKET", None)
        kept.update({MARK: self.mark, "TMPDIR": str(self.scratch), "FACEBUS_MODELS": str(MODELS),
                     "FACEBUS_CONFIG": str(self.config)})
        kept.update({key: str(value) for key, value in changes.items()})
        return kept

    def spawn(self, command, environment, stdout, stderr):
        """A program in a session of its own, which ends with the test."""
        process = subprocess.Popen(command, env=environment, cwd=self.folder, stdout=stdout,
                                   stderr=stderr, stdin=subprocess.DEVNULL, start_new_session=True,
                                   preexec_fn=die_with_parent)
        self.groups.append(process)
        return process

    def run_program(self, command, environment=None):
        """Runs a program to its end."""
        out, err = self.folder / f"{len(self.groups)}.out", self.folder / f"{len(self.groups)}.err"
        start = time.monotonic()
        with out.open("wb") as out_file, err.open("wb") as err_file:
            process = self.spawn([str(part) for part in command], environment or self.environment(),
                                 out_file, err_file)
            code = process.wait()
        return Finished(code, out.read_text(errors="replace"), err.read_text(errors="replace"),
                        time.monotonic() - start)

    def facebus(self, *arguments, **environment):
        return self.run_program([program("facebus"), *arguments], self.environment(**environment))

    def processes_left(self):
        """Every process that the programs of this test started and that still runs."""
        sessions = {process.pid for process in self.groups}
        left = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):  # it may end while we look
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                # Redis overwrites its environment to show its title, hence the session as well.
                ours = int(session) in sessions or \
                    f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes()
                if ours and state != "Z":
                    left[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
        return left

    def _kill_all(self):
        for pid in self.processes_left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.groups:
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()


class Service:
    """A running program of the system."""

    def __init__(self, name, process, log):
        self.name, self.process, self.log = name, process, log
        self.pidfd = os.pidfd_open(process.pid)
        self.health = None  # host:port, once it is ready

    def lines(self):
        return self.log.read_text(errors="replace").splitlines()

    def last_words(self):
        lines = self.lines()
        return lines[-1] if lines else "(nothing)"

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds=TERMINATION_LIMIT):
        """Its exit code, or None if it still runs after so long."""
        ended, _, _ = select.select([self.pidfd], [], [], seconds)
        return self.process.wait() if ended else None


class Message:
    """A message of the result topic, as any subscriber sees it."""

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
    """The services, a Redis and a subscriber, wired over sockets in the folder of the test."""

    def __init__(self, case, workers=1, **environment):
        self.case, self.workers = case, workers
        self.services = {}
        self.messages = []
        self.folder = case.folder / f"s{len(case.groups)}"
        self.folder.mkdir()
        self.environment = case.environment(
            NOTIFY_SOCKET=self.folder / "ready",
            FACEBUS_MOTION_INPUT=self.ipc("motion"), FACEBUS_DETECT_INPUT=self.ipc("detect"),
            FACEBUS_TRACK_INPUT=self.ipc("track"), FACEBUS_BROKER_PROBES=self.ipc("probes"),
            FACEBUS_BROKER_WORKERS=self.ipc("workers"), FACEBUS_BROKER_RESULTS=self.ipc("results"),
            FACEBUS_REDIS_URL=f"unix://{self.folder / 'redis'}",
            **{f"FACEBUS_{key}_HEALTH": "127.0.0.1:0" for key in HEALTH_KEYS.values()},
            **{key: str(value) for key, value in environment.items()})
        self.ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ready.bind(str(self.folder / "ready"))
        self.context = zmq.Context()
        self.subscriber = self.context.socket(zmq.SUB)
        self.subscriber.setsockopt(zmq.RCVHWM, 0)
        self.subscriber.connect(self.results)
        self.subscriber.subscribe("")
        case.addCleanup(self.close)

    def ipc(self, name):
        return f"ipc://{self.folder / name}"

    @property
    def results(self):
        return self.ipc("results")

    def start_redis(self):
        self._launch("redis", [shutil.which("redis-server"), "--port", "0", "--unixsocket",
                               str(self.folder / "redis"), "--save", "", "--dir", str(self.folder),
                               "--supervised", "systemd"])
        self._wait_ready(1)

    def start(self, *names, **environment):
        """Starts services together and waits until each of them is ready."""
        for name in names:
            count = self.workers if name == "recognize" else 1
            for number in range(count):
                key = f"{name}-{number + 1}" if count > 1 else name
                self._launch(key, [program(f"facebus-{name}")], **environment)
        self._wait_ready(sum(self.workers if name == "recognize" else 1 for name in names))

    def start_all(self):
        """All but capture; returns when a status message has proved the subscription and told that
        the workers are there, so that no result can be missed."""
        if "redis" not in self.services:
            self.start_redis()
        self.start(*[name for name in SERVICES if name != "capture"])
        self.until(lambda m: m.kind == "status" and m["workers"] >= self.workers)

    def play(self, source, **environment):
        """Starts capture with one camera, named `clip`."""
        self.forget("capture")
        self.start("capture", FACEBUS_CAMERAS_CLIP_SOURCE=source, **environment)

    def replay(self, source, **environment):
        """The messages of a file from its start to its end."""
        self.messages.clear()
        self.play(source, FACEBUS_CAPTURE_EXIT_AT_END="true", **environment)
        self.until(lambda m: m.kind == "track" and m["event"] == "end")
        return list(self.messages)

    def facebus(self, *arguments):
        """A command against the Redis of this system."""
        environment = {k: v for k, v in self.environment.items() if k != "NOTIFY_SOCKET"}
        return self.case.run_program([program("facebus"), *arguments], environment)

    def enrol(self, *arguments):
        added = self.facebus("gallery", "add", *arguments)
        self.case.assertEqual(0, added.code, added)

    def forget(self, name):
        """Ends a service and waits for its end."""
        service = self.services.pop(name, None)
        if service is None:
            return
        if service.process.poll() is None:
            service.terminate()
        code = service.wait()
        self.case.assertEqual(0, code, f"{name}: {service.last_words()}")

    def next(self):
        """The next message. A service that ends by itself is a failure, at once."""
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
        """Reads until a message is the wanted one, and returns it; all are in `messages`."""
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
        for service in self.services.values():
            if service.pidfd != pidfd:
                continue
            code = service.process.wait()
            if code != 0 or service.name != "capture":
                raise AssertionError(f"{service.name} ended with {code}: {service.last_words()}")


def identities(messages):
    return [m for m in messages if m.kind == "identity"]


def carphone_frames(case):
    """Frames of the first second of the demo clip, as pictures to enrol its man from."""
    need_tool("ffmpeg")
    folder = case.folder / "man"
    folder.mkdir()
    made = case.run_program(["ffmpeg", "-v", "error", "-i", CARPHONE, "-vf",
                             "select=not(mod(n\\,10))", "-vsync", "0", "-frames:v", "3",
                             folder / "frame%d.png"])
    case.assertEqual(0, made.code, made)
    return folder


def ffmpeg_picture(case, name, *arguments):
    """A picture made by ffmpeg."""
    need_tool("ffmpeg")
    file = case.folder / name
    made = case.run_program(["ffmpeg", "-v", "error", "-y", *arguments, "-frames:v", "1", file])
    case.assertEqual(0, made.code, made)
    return file
