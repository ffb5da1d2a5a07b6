"""Temporary Python environment. Its pip downloads packages. For the conversion, a pinned version of onnx is installed
into it.

The environment is created in a scratch folder on first use and removed after the run. So it never becomes
outdated, and nothing is installed on the machine.
"""

import os
import subprocess
import sys

from .errors import PrepareError, no_space, require_space
from .manifest import SOURCE_DIR

REQUIREMENTS = SOURCE_DIR / "requirements.txt"
ENVIRONMENT_BYTES = 30_000_000  # size of a new environment: pip, and links to Python
SIGNS_OF_NO_VENV = ("ensurepip is not available", "No module named venv", "named ensurepip")
POLL_SECONDS = 0.2
SECONDS_TO_TERMINATE = 5


class Toolbox:
    def __init__(self, scratch):
        self.scratch = scratch
        self.temporary = scratch / "tmp"
        self.environment_dir = scratch / "python"
        self.output = []

    def python(self):
        """Returns the environment's interpreter; creates the environment on first use."""
        interpreter = self.environment_dir / "bin" / "python"
        if not interpreter.exists():
            require_space(self.scratch.parent, ENVIRONMENT_BYTES)
            self.temporary.mkdir(exist_ok=True)
            if not self.run([sys.executable, "-m", "venv", self.environment_dir]):
                raise self._no_environment()
        return interpreter

    def pip(self, command, *arguments, on_poll=None, **variables):
        """Runs pip with the user's pip settings and returns whether it succeeded."""
        options = ["--no-input", "--disable-pip-version-check", "--no-cache-dir"]
        options += ["--progress-bar", "off"] if command == "download" else ["--no-compile"]
        full = [self.python(), "-m", "pip", command, *options, *arguments]
        return self.run(full, on_poll, **variables)

    def run(self, command, on_poll=None, **variables):
        """Runs a program, keeps its output, and returns whether it succeeded.

        Terminates the program if an exception or signal interrupts the wait.
        """
        # Temporary files stay in the scratch folder.
        environment = dict(os.environ, TMPDIR=str(self.temporary), **variables)
        environment.pop("PYTHONHOME", None)
        process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
        )
        with process:
            try:
                while True:
                    try:
                        output, _ = process.communicate(timeout=POLL_SECONDS)
                        break
                    except subprocess.TimeoutExpired:
                        if on_poll:
                            on_poll()
            finally:
                _terminate(process)
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        self.output = lines or [f"the program exited with code {process.returncode}"]
        return process.returncode == 0

    def failure(self):
        """Returns why the last program failed, on one line. Raises PrepareError if the disk is full."""
        if self._printed("No space left on device"):
            raise no_space(self.scratch.parent)
        if self._printed("Retrying (Retry("):
            return "the package index is unreachable"
        errors = [line for line in self.output if line.startswith("ERROR: ")]
        return (errors or self.output)[-1].removeprefix("ERROR: ")

    def bytes_downloaded(self):
        """Returns how many bytes of the running download have arrived."""
        total = 0
        for folder, _, names in os.walk(self.temporary):
            for name in names:
                try:
                    total += os.stat(os.path.join(folder, name)).st_size
                except FileNotFoundError:
                    continue  # pip moved the file after it was listed
        return total

    def _printed(self, words):
        return any(words in line for line in self.output)

    def _no_environment(self):
        if any(map(self._printed, SIGNS_OF_NO_VENV)):
            return PrepareError(
                f"{sys.executable} lacks the module venv or ensurepip; install both "
                "(Debian and Ubuntu: apt-get install python3-venv) and run again"
            )
        return PrepareError(
            f"{sys.executable} cannot create a virtual environment: {self.failure()}; "
            "run models/prepare with another Python (3.11 to 3.14)"
        )


def _terminate(process):
    """Terminates a process if it still runs: with SIGTERM, or SIGKILL after SECONDS_TO_TERMINATE."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=SECONDS_TO_TERMINATE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
