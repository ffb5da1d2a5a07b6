"""Atomic file writes, and a lock that allows one run at a time per directory."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile

SCRATCH_PREFIX = ".prepare-"
LOCK_NAME = ".lock"


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path, text, scratch):
    temporary = scratch / "text"
    temporary.write_text(text, encoding="utf-8")
    install(temporary, path)


def install(temporary, path):
    """Moves a finished file to its place, safe against power cuts. Requires: same file system."""
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(temporary, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextlib.contextmanager
def exclusive(directory, say):
    """Creates the directory and holds its lock; a second run waits here for the first."""
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / LOCK_NAME, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another run uses {directory}; waiting for it to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def scratch(directory):
    """Provides a working directory that is removed at the end. Requires: the directory is locked.

    First removes working directories left behind by killed runs.
    """
    for stale in directory.glob(SCRATCH_PREFIX + "*"):
        shutil.rmtree(stale)
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX, dir=directory) as name:
        yield type(directory)(name)
