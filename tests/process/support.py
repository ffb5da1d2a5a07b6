"""Base class and helpers of the process tests, which run the programs as real processes.

Tests wait only for events; nothing here sleeps. A watchdog (SIGALRM) fails a test that waits too long, and the clean-up
kills every process that the test started. The module `system` runs the services.

Environment variables:

    FACEBUS_BIN          folder with the programs; default: build/release/bin
    FACEBUS_MODELS       folder with the models; default: the one that models/prepare fills
    FACEBUS_DATA         folder with the evaluation data
    FACEBUS_REQUIRE_ALL  1: fail instead of skipping a test whose requirements are missing
"""

import contextlib
import ctypes
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import struct
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
# Environment variable by which a test recognises its processes.
MARK = "FACEBUS_TEST_MARK"

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

DEFAULT_LIMIT = 120  # seconds


def die_with_parent():
    """Makes the kernel kill the calling process when its parent, the test program, dies."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class TimedOut(Exception):
    """Raised by the watchdog if the awaited event did not happen in time."""


def need(present, problem):
    """If `present` is false, skips the test, or fails it if FACEBUS_REQUIRE_ALL is 1. `problem`: what is missing."""
    if present:
        return
    if os.environ.get("FACEBUS_REQUIRE_ALL") == "1":
        raise AssertionError(f"FACEBUS_REQUIRE_ALL=1, but {problem}")
    raise unittest.SkipTest(problem)


def need_programs():
    need((BIN / "facebus").exists(), f"no programs in {BIN}; build them or set FACEBUS_BIN")


def need_models():
    need((MODELS / "facenet.onnx").exists(), f"no models in {MODELS}; run models/prepare")
    need(CARPHONE.exists(), f"no demo clip in {DEMO}; run models/prepare")


def need_system():
    """Calls need() for everything that is required to run the services and to subscribe to results."""
    need_programs()
    need_models()
    need(importlib.util.find_spec("zmq") and importlib.util.find_spec("msgpack"),
         "python3-zmq or python3-msgpack is not installed")
    need_tool("redis-server")


def need_tool(name):
    need(shutil.which(name), f"{name} is not installed")


class ShiftedClock:
    """Clock that differs from the real one by some seconds. Monotonic clocks are not shifted."""

    def __init__(self, case, seconds=0):
        self.file = case.folder / f"clock{uuid.uuid4().hex}"
        self.file.touch()
        self.shift(seconds)
        # Environment variables that make a program use this clock.
        self.environment = {"LD_PRELOAD": BIN / "libtest.shifted_clock.so", "SHIFTED_CLOCK": self.file}

    def shift(self, seconds):
        """Changes the difference while programs use the clock."""
        with self.file.open("r+b") as file:
            file.write(struct.pack("=q", seconds * 10**9))


def need_data():
    """Skips the test if FACEBUS_DATA is not set, even if FACEBUS_REQUIRE_ALL is 1: users cannot obtain the data."""
    if "FACEBUS_DATA" not in os.environ:
        raise unittest.SkipTest("FACEBUS_DATA is not set to the folder with the evaluation data")
    need((DATA / "video").exists(), f"{DATA}, the value of FACEBUS_DATA, does not contain the evaluation data")


def program(name):
    """Returns the path of a program of facebus."""
    return str(BIN / name)


def log_fields(line):
    """Returns the fields of a structured log line, or None if the line is not structured."""
    pair = r'([a-z0-9_]+)=("(?:[^"\\]|\\.)*"|[^\s"=\\]+)'
    if not re.fullmatch(f"{pair}(?: {pair})*", line):
        return None
    return {key: value.strip('"') for key, value in re.findall(pair, line)}


def resident_bytes(pid):
    """Returns the resident memory of a process in bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def cpu_seconds(pid):
    """Returns the CPU time that a process has used, in seconds, including time in the kernel."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Finished:
    """Result of a program that has exited."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def __str__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"

    @property
    def err_lines(self):
        return self.err.splitlines()


class ProcessTest(unittest.TestCase):
    """Test with a watchdog and a temporary folder. Kills its processes and removes the folder afterwards."""

    limit = DEFAULT_LIMIT  # seconds after which the watchdog fails the test

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fb-"))  # short, because paths of Unix sockets must be short
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.mark = uuid.uuid4().hex
        self.processes = []
        self.addCleanup(self._kill_all)
        self.scratch = self.folder / "tmp"
        self.scratch.mkdir()
        self.config = self.folder / "none.yaml"  # an empty configuration
        self.config.write_text("")
        signal.signal(signal.SIGALRM, self._time_out)
        signal.setitimer(signal.ITIMER_REAL, self.limit)

    def tearDown(self):
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _time_out(self, *_):
        raise TimedOut(f"{self.id()} waited for more than {self.limit} s")

    def environment(self, **changes):
        """Returns the environment for a program: the environment of this process without FACEBUS_ variables, plus the
        settings of the test and `changes`."""
        variables = {k: v for k, v in os.environ.items() if not k.startswith("FACEBUS_")}
        variables.pop("NOTIFY_SOCKET", None)
        variables.update({MARK: self.mark, "TMPDIR": str(self.scratch), "FACEBUS_MODELS": str(MODELS),
                          "FACEBUS_CONFIG": str(self.config)})
        variables.update({key: str(value) for key, value in changes.items()})
        return variables

    def spawn(self, command, environment, stdout, stderr):
        """Starts a program in a new session and returns its process, which is killed at the end of the test."""
        process = subprocess.Popen(command, env=environment, cwd=self.folder, stdout=stdout,
                                   stderr=stderr, stdin=subprocess.DEVNULL, start_new_session=True,
                                   preexec_fn=die_with_parent)
        self.processes.append(process)
        return process

    def run_program(self, command, environment=None):
        """Runs a program until it exits and returns its result."""
        out, err = self.folder / f"{len(self.processes)}.out", self.folder / f"{len(self.processes)}.err"
        start = time.monotonic()
        with out.open("wb") as out_file, err.open("wb") as err_file:
            process = self.spawn([str(part) for part in command], environment or self.environment(),
                                 out_file, err_file)
            code = process.wait()
        return Finished(code, out.read_text(errors="replace"), err.read_text(errors="replace"),
                        time.monotonic() - start)

    def facebus(self, *arguments, **environment):
        """Runs the program facebus until it exits and returns its result."""
        return self.run_program([program("facebus"), *arguments], self.environment(**environment))

    def processes_left(self):
        """Returns the running programs of this test and their child processes, as {process id: command line}."""
        sessions = {process.pid for process in self.processes}
        left = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):  # the process may have exited
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                # Checks the session too, because Redis overwrites its environment with its process title.
                is_ours = int(session) in sessions or \
                    f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes()
                if is_ours and state != "Z":
                    left[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
        return left

    def _kill_all(self):
        for pid in self.processes_left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.processes:
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()
