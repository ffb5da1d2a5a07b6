"""Checks whether files are up to date. Hashes only files that have changed since they were last found correct.

The stamp file records the size, the modification time and the SHA-256 of each correct file. A file counts as unchanged
if its size and modification time are the recorded ones.
"""

import json

from . import files

STAMP_NAME = ".stamp.json"


class Stamp:
    def __init__(self, output):
        self.output = output
        self.path = output / STAMP_NAME
        self.known = self._read()  # output -> [size, modification time, SHA-256]
        self.changed = False

    def is_current(self, asset, rehash=False):
        """Returns whether the file of the asset exists and has the hash in the manifest.

        Trusts the stamp unless `rehash` is true.
        """
        path = self.output / asset.output
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        if status.st_size != asset.size:
            return False
        state = [status.st_size, status.st_mtime_ns, asset.output_sha256]
        if not rehash and self.known.get(asset.output) == state:
            return True
        if files.sha256(path) != asset.output_sha256:
            return False
        if self.known.get(asset.output) != state:
            self.known[asset.output] = state
            self.changed = True
        return True

    def save(self, scratch):
        if self.changed:
            files.write_text(self.path, json.dumps(self.known, indent=1) + "\n", scratch)

    def _read(self):
        # The stamp file only saves time, so it is ignored if it is unreadable.
        try:
            known = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
