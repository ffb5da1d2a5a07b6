"""What the process tests share: real processes, started, watched and ended.

A test waits for events only, and nothing here sleeps. A watchdog (SIGALRM) fails a test that waits too
long, and its clean-up ends every process that it started. `system` runs the services.

    FACEBUS_BIN          folder with the programs; default build/release/bin
    FACEBUS_MODELS       models; default the folder that models/prepare fills
    FACEBUS_DATA         evaluation data
    FACEBUS_REQUIRE_ALL  1: what is missing is a failure and not a reason to skip
"""

import contextlib
import ctypes
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("FACEBUS_BIN", ROOT / "build/release/bin")).resolve()
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
MODELS = pathlib.Path(os.environ.get("FACEBUS_MODELS") or CACHE / "facebus/models")
DEMO = MODELS / "demo"
CARPHONE = DEMO / "carphone_pristine.mp4"
DATA = pathlib.Path(os.environ.get("FACEBUS_DATA") or "/nonexistent")
MARK = "FACEBUS_TEST_MARK"

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

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
    need(importlib.util.find_spec("zmq") and importlib.util.find_spec("msgpack"),
         "python3-zmq and python3-msgpack are not installed")
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


def resident_bytes(pid):
    """The memory that a process holds."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def cpu_seconds(pid):
    """The time that a process has computed, for itself and in the kernel."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
