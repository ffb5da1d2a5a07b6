"""The Python environment that downloads and converts: pip, and numpy at a pinned version.

It lives in a scratch directory for one run and is made only when something is missing, so
nothing of it can go stale and nothing is installed on the machine.
"""

import os
import sys

from . import processes
from .errors import PrepareError, no_space, require_space
from .manifest import SOURCE_DIR

REQUIREMENTS = SOURCE_DIR / "requirements.txt"
ENVIRONMENT_BYTES = 30_000_000  # Python's own links, and pip
SIGNS_OF_NO_VENV = ("ensurepip is not available", "No module named venv", "named ensurepip")


class Toolbox:
    def __init__(self, scratch):
        self.scratch = scratch
        self.log = scratch / "log"
        self.temporary = scratch / "tmp"
        self.environment_dir = scratch / "python"

    def python(self):
        """The interpreter of the environment, which is made on first use."""
        interpreter = self.environment_dir / "bin" / "python"
        if not interpreter.exists():
            require_space(self.scratch.parent, ENVIRONMENT_BYTES)
            self.temporary.mkdir(exist_ok=True)
            command = [sys.executable, "-m", "venv", str(self.environment_dir)]
            if processes.run(command, self.log, self.environment()) != 0:
                raise self._no_environment()
        return interpreter

    def environment(self, **extra):
        """The variables for helper programs: temporary files stay in the scratch directory."""
        variables = dict(os.environ, TMPDIR=str(self.temporary), **extra)
        variables.pop("PYTHONHOME", None)
        return variables

    def pip(self, command, *arguments, on_poll=None, **extra):
        """Runs pip with the settings of this machine; returns whether it succeeded."""
        options = ["--no-input", "--disable-pip-version-check", "--no-cache-dir"]
        options += ["--progress-bar", "off"] if command == "download" else []
        full = [str(self.python()), "-m", "pip", command, *options, *map(str, arguments)]
        return processes.run(full, self.log, self.environment(**extra), on_poll) == 0

    def pip_complaint(self):
        """What pip said went wrong, in one line."""
        lines = processes.log_lines(self.log)
        if any("No space left on device" in line for line in lines):
            raise no_space(self.scratch.parent)
        if any("Retrying (Retry(" in line for line in lines):
            return "the package index cannot be reached"
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        return (errors or lines or ["pip said nothing"])[-1]

    def bytes_downloaded(self):
        """How much of a running download has arrived."""
        total = 0
        for directory, _, names in os.walk(self.temporary):
            for name in names:
                try:
                    total += os.stat(os.path.join(directory, name)).st_size
                except FileNotFoundError:
                    continue  # pip moved it on between the listing and the look
        return total

    def _no_environment(self):
        lines = processes.log_lines(self.log) if self.log.exists() else []
        if any("No space left on device" in line for line in lines):
            return no_space(self.scratch.parent)
        if any(missing in line for line in lines for missing in SIGNS_OF_NO_VENV):
            return PrepareError(
                f"{sys.executable} lacks the venv module with pip; install it "
                "(Debian and Ubuntu: apt-get install python3-venv) and run again"
            )
        reason = lines[-1] if lines else "no reason given"
        return PrepareError(
            f"{sys.executable} cannot make a virtual environment: {reason}; "
            "run models/prepare with another Python 3.11 or newer"
        )
