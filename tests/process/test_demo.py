"""`facebus demo`: the whole system with one command, and what it leaves behind: results, and
nothing else. Also that a replay of a file always gives the same identities."""

import functools
import pathlib
import re
import select
import shutil
import signal
import tempfile
import time
import unittest

import support
from support import CARPHONE, DEMO, System, identities, program

INTERRUPT_LIMIT = 15
MAN = "carphone_pristine face 1"
TRACK_LINE = re.compile(r"track \S+ +(?:from +[\d.]+ s +)?(known|unknown|undecided|error) +(.*)")


def named(output):
    """The names in the lines that demo prints."""
    return [m[2] for m in map(TRACK_LINE.search, output.splitlines()) if m and m[1] == "known"]


class DemoTest(support.ProcessTest):
    kept = None  # the result of the one demo run that several tests look at

    @classmethod
    def setUpClass(cls):
        support.need_system()
        cls.output = pathlib.Path(tempfile.mkdtemp(prefix="fb-demo-"))
        cls.addClassCleanup(shutil.rmtree, cls.output, ignore_errors=True)

    def demo(self):
        if DemoTest.kept is None:
            result = self.facebus("demo", "--output", self.output)
            DemoTest.kept = (result, self.processes_left(), list(self.scratch.iterdir()))
        return DemoTest.kept[0]

    def test_the_demo_ends_with_success(self):
        result = self.demo()
        self.assertEqual(0, result.code, result)

    def test_the_demo_names_the_man_of_the_clip_and_nobody_else(self):
        result = self.demo()
        names = named(result.out)
        self.assertTrue(names, result)
        for name in names:
            self.assertTrue(name.startswith(MAN), result)

    def test_the_demo_prints_where_the_latency_went(self):
        result = self.demo()
        table = result.out[result.out.index("stage "):]
        for stage in ("capture", "motion", "detect-align", "track", "queue", "recognize", "publish",
                      "total"):
            row = re.search(rf"^{stage} +(\d+\.\d) +(\d+\.\d)$", table, re.M)
            self.assertTrue(row, f"no row for {stage}\n{result}")
            self.assertLessEqual(float(row[1]), float(row[2]), "p50 above p99")
        self.assertGreater(float(re.search(r"^total +(\S+)", table, re.M)[1]), 0)

    def test_the_demo_writes_a_contact_sheet_and_an_annotated_video(self):
        result = self.demo()
        sheet = (self.output / "contact-sheet.jpg").read_bytes()
        self.assertEqual(b"\xff\xd8\xff", sheet[:3], "not a JPEG")
        self.assertEqual(b"\xff\xd9", sheet[-2:], "cut off")
        video = (self.output / "annotated.mp4").read_bytes()
        self.assertEqual(b"ftyp", video[4:8], "not an MP4")
        self.assertIn(b"moov", video, "an MP4 without its index can't be played")
        for file in ("contact-sheet.jpg", "annotated.mp4"):
            self.assertIn(file, result.out, "the output does not say where it is")

    def test_the_demo_leaves_no_process_and_no_temporary_file(self):
        self.demo()
        _, processes, files = DemoTest.kept
        self.assertEqual({}, processes)
        self.assertEqual([], files)


class DemoInterruptedTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def interrupt(self, pattern, *arguments):
        """Sends SIGINT when a line of output matches, and returns what was printed."""
        with (self.folder / "err").open("wb") as err:
            demo = self.spawn([program("facebus"), "demo", "--output", str(self.folder / "out"),
                               *map(str, arguments)], self.environment(), err=None or -1,
                              stderr=err) if False else self.spawn(
                [program("facebus"), "demo", "--output", str(self.folder / "out"),
                 *map(str, arguments)], self.environment(), -1, err)
        return demo, pattern
