"""The commands for who works on facebus, those that take long in a short form."""

import shutil
import subprocess
import unittest

from documentation import CommandsTest
from support import BIN, DATA, ROOT, need, need_data, need_system


class Contributing(CommandsTest):
    def setUp(self):
        need_system()
        super().setUp()
        (self.folder / "tests").symlink_to(ROOT / "tests")

    def run_long(self, page, command, **replaced):
        return self.run_documented(page, command, replaced=replaced, FACEBUS_BIN=BIN, FACEBUS_REQUIRE_ALL="1")

    def test_the_soak_tells_what_each_process_holds_and_that_nothing_was_lost(self):
        ran = self.run_long("CONTRIBUTING.md", "tests/fault/soak 20", **{"soak 20": "soak 0.3"})
        for name in ("redis", "broker", "recognize-1", "recognize-2", "track", "detect-align", "motion", "capture"):
            self.assertRegex(ran.out, rf"(?m)^\| {name} \| \d+\.\d \| \d+\.\d \|$")
        self.assertRegex(ran.out, r"\d+ probes, (\d+) results, 0 dropped")

    def test_the_report_of_faults_is_a_table_of_those_asked_for(self):
        ran = self.run_long("CONTRIBUTING.md", "tests/fault/report", **{"report": "report clock"})
        head, _, *rows = ran.out.splitlines()
        self.assertEqual("| fault | probes sent | results | dropped | lost | next result after |", head)
        (row,) = rows
        self.assertRegex(row, r"^\| clock jumps .* \| (\d+) \| \1 \| 0 \| 0 \| \d+\.\d s \|$")

    def test_the_report_names_the_suites_that_there_are(self):
        for wrong in (["clocks"], ["clock", "../clock"], ["--fast"]):
            ran = subprocess.run([ROOT / "tests/fault/report", *wrong], text=True, capture_output=True, check=False)
            self.assertEqual((64, ""), (ran.returncode, ran.stdout))
            self.assertIn(wrong[-1], ran.stderr)
            self.assertIn("clock", ran.stderr.replace(wrong[-1], ""))

    def built(self):
        """A folder build/release with the tests of the one that the programs are from, but not with its logs."""
        need((BIN.parent / "CTestTestfile.cmake").exists(), f"{BIN.parent} was built without tests")
        for file in BIN.parent.rglob("CTestTestfile.cmake"):
            copy = self.folder / "build/release" / file.relative_to(BIN.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)

    def test_ctest_runs_the_tests_that_were_built(self):
        self.built()
        ran = self.run_long("CONTRIBUTING.md", "ctest --test-dir build/release", **{"release": "release -L contract"})
        self.assertRegex(ran.out, r"contract\.contract \.+ +Passed.*\n\n100% tests passed, 0 tests failed out of 1\n")

    def test_the_clips_are_a_test_that_is_found_by_its_name(self):
        need_data()
        self.built()
        ran = self.run_long("docs/accuracy.md", "FACEBUS_DATA=… ctest --test-dir build/release -R clips --verbose",
                            **{"…": str(DATA), "--verbose": "--show-only"})
        self.assertRegex(ran.out, r"Test +#\d+: process\.clips\n\nTotal Tests: 1\n")


if __name__ == "__main__":
    unittest.main()
