"""What `cmake --install --component` installs, and whether systemd takes the units. No service is started."""

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
UNITS = BUILD / "deploy/systemd/tested"
COMPONENTS = {
    "edge": {stage.program for stage in EDGE},
    "server": {"facebus-broker", "facebus-recognize"},
    "gateway": {"facebus-gateway"},
    "cli": {"facebus"},
}
# The gateway is started with the server where it is installed there, and enabled.
TARGETS = ("edge", "server")
# The highest figure of `systemd-analyze security`, of 10 for a service with none of it. Cameras are devices.
EXPOSURE = {"facebus-capture": 2.0}
OTHERS = 1.5


class Components(unittest.TestCase):
    def test_each_component_has_its_programs_and_units(self):
        for component, programs in COMPONENTS.items():
            with self.subTest(component), tempfile.TemporaryDirectory() as folder:
                subprocess.run(["cmake", "--install", BUILD, "--component", component, "--prefix", folder],
                               check=True, stdout=subprocess.DEVNULL)
                there = pathlib.Path(folder)
                self.assertEqual({file.name for file in (there / "bin").iterdir()}, programs)
                units = {file.name for file in there.glob("lib/systemd/system/*")}
                wanted = {f"{program}.service" for program in programs} if component != "cli" else set()
                if component in TARGETS:
                    wanted.add(f"facebus-{component}.target")
                self.assertEqual(units, wanted)
                self.assertEqual((there / "lib/sysusers.d/facebus.conf").exists(), component != "cli")

    def test_a_target_wants_the_services_of_its_component(self):
        for component in TARGETS:
            text = (UNITS / f"facebus-{component}.target").read_text()
            wanted = re.search(r"^Wants=(facebus-.*)$", text, re.MULTILINE)[1].split()
            self.assertEqual(set(wanted), {f"{program}.service" for program in COMPONENTS[component]})


@unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd here")
class Units(unittest.TestCase):
    def analyze(self, *arguments):
        done = subprocess.run(["systemd-analyze", *map(str, arguments)], text=True, capture_output=True,
                              env={**os.environ, "SYSTEMD_UNIT_PATH": f"{UNITS}:", "SYSTEMD_COLORS": "0"})
        return done.returncode, done.stdout + done.stderr

    def test_systemd_has_nothing_to_say_against_them(self):
        files = sorted(UNITS.iterdir())
        self.assertEqual(len(files), len(STAGES) + len(TARGETS))
        code, text = self.analyze("verify", "--man=no", *files)
        # Other units of the machine are none of ours.
        ours = [line for line in text.splitlines() if "facebus" in line]
        self.assertEqual((code, ours), (0, []), text)

    def test_a_mistake_in_a_unit_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder) / "facebus-broken.service"
            unit.write_text((UNITS / "facebus-track.service").read_text().replace("ExecStart=", "ExecStart=/no"))
            self.assertNotEqual(self.analyze("verify", "--man=no", unit)[0], 0)

    def test_they_are_locked_down(self):
        for file in sorted(UNITS.glob("*.service")):
            code, text = self.analyze("security", "--offline=true", "--no-pager", file)
            self.assertEqual(code, 0, text)
            level = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)[1])
            print(f"{file.stem}: {level}")
            self.assertLessEqual(level, EXPOSURE.get(file.stem, OTHERS), text)

    @unittest.skipUnless(shutil.which("systemd-sysusers"), "no systemd-sysusers here")
    def test_the_user_is_made(self):
        source = pathlib.Path(__file__).resolve().parents[2] / "deploy/systemd/facebus.sysusers.conf"
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "etc").mkdir()
            subprocess.run(["systemd-sysusers", f"--root={folder}", source], check=True, capture_output=True)
            self.assertIn("facebus:x:", (pathlib.Path(folder) / "etc/passwd").read_text())


if __name__ == "__main__":
    unittest.main()
