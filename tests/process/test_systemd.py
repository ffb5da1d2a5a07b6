"""Checks which files `cmake --install --component` installs, and verifies the systemd units without starting them."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from pipeline_table import EDGE, STAGES

BIN = pathlib.Path(os.environ["FACEBUS_BIN"])
BUILD = BIN.parent
UNITS = BUILD / "deploy/systemd/tested"  # units that CMake generates for the tests
COMPONENTS = {
    "edge": {stage.program for stage in EDGE},
    "server": {"facebus-broker", "facebus-recognize"},
    "gateway": {"facebus-gateway"},
    "cli": {"facebus"},
}
# Components with a systemd target. The gateway has none: if it is installed and enabled, the server's target starts it.
TARGETS = ("edge", "server")
# Highest allowed exposure level according to `systemd-analyze security`, from 0 to 10 (no sandboxing). capture has a
# higher limit because it needs access to camera devices.
MAX_EXPOSURE = {"facebus-capture": 2.0}
DEFAULT_MAX_EXPOSURE = 1.5


class Components(unittest.TestCase):
    def test_each_component_has_its_programs_and_units(self):
        for component, programs in COMPONENTS.items():
            with self.subTest(component), tempfile.TemporaryDirectory() as folder:
                subprocess.run(["cmake", "--install", BUILD, "--component", component, "--prefix", folder],
                               check=True, stdout=subprocess.DEVNULL)
                installed = pathlib.Path(folder)
                self.assertEqual({file.name for file in (installed / "bin").iterdir()}, programs)
                units = {file.name for file in installed.glob("lib/systemd/system/*")}
                expected = {f"{program}.service" for program in programs} if component != "cli" else set()
                if component in TARGETS:
                    expected.add(f"facebus-{component}.target")
                self.assertEqual(units, expected)
                self.assertEqual((installed / "lib/sysusers.d/facebus.conf").exists(), component != "cli")

    def test_each_target_wants_the_services_of_its_component(self):
        for component in TARGETS:
            text = (UNITS / f"facebus-{component}.target").read_text()
            wanted = re.search(r"^Wants=(facebus-.*)$", text, re.MULTILINE)[1].split()
            self.assertEqual(set(wanted), {f"{program}.service" for program in COMPONENTS[component]})


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class Units(unittest.TestCase):
    def analyze(self, *arguments):
        """Runs systemd-analyze and returns its exit code and output."""
        done = subprocess.run(["systemd-analyze", *map(str, arguments)], text=True, capture_output=True,
                              env={**os.environ, "SYSTEMD_UNIT_PATH": f"{UNITS}:", "SYSTEMD_COLORS": "0"})
        return done.returncode, done.stdout + done.stderr

    def test_systemd_accepts_the_units(self):
        files = sorted(UNITS.iterdir())
        self.assertEqual(len(files), len(STAGES) + len(TARGETS))
        code, text = self.analyze("verify", "--man=no", *files)
        # Ignores messages about units that do not belong to facebus.
        ours = [line for line in text.splitlines() if "facebus" in line]
        self.assertEqual((code, ours), (0, []), text)

    def test_systemd_restarts_services_that_hang_and_reloads_those_with_keys(self):
        for file in sorted(UNITS.glob("*.service")):
            with self.subTest(file.stem):
                settings = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
                self.assertGreaterEqual(int(settings["WatchdogSec"]), 30)
                # With each of these values, systemd also restarts a service that misses a watchdog ping; see the table
                # in systemd.service(5).
                self.assertIn(settings["Restart"], ("always", "on-failure", "on-abnormal", "on-watchdog"))
                self.assertEqual("ExecReload" in settings, file.stem in ("facebus-broker", "facebus-gateway"))

    def test_systemd_rejects_a_unit_whose_program_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder) / "facebus-broken.service"
            unit.write_text((UNITS / "facebus-track.service").read_text().replace("ExecStart=", "ExecStart=/no"))
            self.assertNotEqual(self.analyze("verify", "--man=no", unit)[0], 0)

    def test_the_units_are_sandboxed(self):
        for file in sorted(UNITS.glob("*.service")):
            code, text = self.analyze("security", "--offline=true", "--no-pager", file)
            self.assertEqual(code, 0, text)
            level = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)[1])
            print(f"{file.stem}: {level}")
            self.assertLessEqual(level, MAX_EXPOSURE.get(file.stem, DEFAULT_MAX_EXPOSURE), text)

    @unittest.skipUnless(shutil.which("systemd-sysusers"), "systemd-sysusers is not installed")
    def test_systemd_sysusers_creates_the_user(self):
        source = pathlib.Path(__file__).resolve().parents[2] / "deploy/systemd/facebus.sysusers.conf"
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "etc").mkdir()
            subprocess.run(["systemd-sysusers", f"--root={folder}", source], check=True, capture_output=True)
            self.assertIn("facebus:x:", (pathlib.Path(folder) / "etc/passwd").read_text())


if __name__ == "__main__":
    unittest.main()
