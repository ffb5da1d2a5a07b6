"""Hashes, atomic file writes, temporary folders, and a lock that lets only one run of models/prepare use a folder at a
time."""

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
    """Writes a text file atomically. `scratch` is a temporary folder on the same file system."""
    temporary = scratch / "text"
    temporary.write_text(text, encoding="utf-8")
    install(temporary, path)


def install(temporary, path):
    """Moves a finished file to `path`. Even after a power cut, `path` is either the old file or the complete new file.
    Requires: both paths are on one file system."""
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(temporary, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def exclusive(folder, say):
    """Creates the folder if necessary, and holds its lock until the end of the `with` block. Waits while another run
    holds the lock."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK_NAME, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another run uses {folder}; waiting for it to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def scratch(folder):
    """Creates a temporary folder inside `folder` and removes it at the end of the `with` block.

    First removes temporary folders that killed runs left behind. Requires: the caller holds the lock of `folder`;
    see exclusive().
    """
    for stale in folder.glob(SCRATCH_PREFIX + "*"):
        shutil.rmtree(stale)
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX, dir=folder) as name:
        yield type(folder)(name)
