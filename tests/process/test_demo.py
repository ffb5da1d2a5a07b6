"""Tests of `facebus demo`, which runs the whole system with one command and leaves only its results behind. Also tests
that every replay of a file gives the same identities."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import support
from images import carphone_frames
from pipeline_table import EDGE
from support import CARPHONE, DATA, DEMO, program
from system import System, identities

INTERRUPT_LIMIT = 15  # seconds from SIGINT to the exit
INTERRUPTED = 130     # exit code if the demo is interrupted before capture is running
MAN = "carphone_pristine face 1"
SIMILARITY_TOLERANCE = 1e-3
# Matches the line of a result. Also matches the lines of tracks in the summary, which contain "from ... s" as well.
RESULT = re.compile(r"track \S+ +(?:from +[\d.]+ s +)?(known|unknown|undecided|error)\b *(.*)")


def names_in(output):
    """Returns the names of known people in the output of `facebus demo`."""
    return [m[2] for m in map(RESULT.search, output.splitlines()) if m and m[1] == "known"]


class DemoTest(support.ProcessTest):
    the_run = None  # the only run, which all tests check: its result, remaining processes and remaining files

    @classmethod
    def setUpClass(cls):
        support.need_system()
        cls.output = pathlib.Path(tempfile.mkdtemp(prefix="fb-demo-"))
        cls.addClassCleanup(shutil.rmtree, cls.output, ignore_errors=True)

    def demo(self):
        """Returns the result of the only run."""
        if DemoTest.the_run is None:
            result = self.facebus("demo", "--output", self.output)
            DemoTest.the_run = (result, self.processes_left(), list(self.scratch.iterdir()))
        return DemoTest.the_run[0]

    def test_the_demo_succeeds(self):
        result = self.demo()
        self.assertEqual(0, result.code, result)

    def test_the_demo_identifies_the_man_in_the_clip_and_nobody_else(self):
        result = self.demo()
        names = names_in(result.out)
        self.assertTrue(names, result)
        for name in names:
            self.assertTrue(name.startswith(MAN), result)

    def test_the_demo_prints_the_latency_per_stage(self):
        result = self.demo()
        self.assertIn("stage ", result.out, result)
        table = result.out[result.out.index("stage "):]
        for stage in (*(each.process for each in EDGE), "queue", "recognize", "publish", "total"):
            row = re.search(rf"^{stage} +(\d+\.\d) +(\d+\.\d)$", table, re.M)
            self.assertTrue(row, f"no row for {stage}\n{result}")
            self.assertLessEqual(float(row[1]), float(row[2]), "p50 above p99")
        self.assertGreater(float(re.search(r"^total +(\S+)", table, re.M)[1]), 0)

    def test_the_demo_writes_a_contact_sheet_and_an_annotated_video(self):
        result = self.demo()
        sheet = (self.output / "contact-sheet.jpg").read_bytes()
        self.assertEqual(b"\xff\xd8\xff", sheet[:3], "not a JPEG")
        self.assertEqual(b"\xff\xd9", sheet[-2:], "truncated")
        video = (self.output / "annotated.mp4").read_bytes()
        self.assertEqual(b"ftyp", video[4:8], "not an MP4")
        self.assertIn(b"moov", video, "an MP4 without its index cannot be played")
        for file in ("contact-sheet.jpg", "annotated.mp4"):
            self.assertIn(file, result.out, "the output does not name the file")

    def test_the_demo_leaves_no_process_and_no_temporary_file(self):
        self.demo()
        _, processes, files = DemoTest.the_run
        self.assertEqual({}, processes)
        self.assertEqual([], files)


class DemoWithUnknownPeopleTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def test_the_demo_identifies_nobody_in_a_video_without_enrolled_people(self):
        result = self.facebus("demo", "--source", DEMO / "bikes.mp4", "--no-first-second", "--output",
                              self.folder / "out")
        self.assertEqual(0, result.code, result)
        self.assertEqual([], names_in(result.out), result)

    def test_the_demo_reports_an_unknown_man_without_a_name(self):
        result = self.facebus("demo", "--no-first-second", "--output", self.folder / "out")
        self.assertEqual(0, result.code, result)
        self.assertTrue(RESULT.search(result.out), f"no result\n{result}")
        self.assertEqual([], names_in(result.out), result)


class DemoInterruptedTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def interrupt_at(self, stream, pattern):
        """Starts an endless demo. Sends SIGINT, as Ctrl-C does, when its standard output (if `stream` is "out") or its
        standard error ("err") matches the pattern. Checks that the demo exits in time and leaves no process or
        temporary file behind. Returns the exit code and everything that the demo printed."""
        environment = self.environment(FACEBUS_CAMERAS_DEMO_SOURCE=CARPHONE,
                                       FACEBUS_CAMERAS_DEMO_LOOP="true",
                                       FACEBUS_CAMERAS_DEMO_PACE="live")
        other = self.folder / "other"
        with other.open("wb") as file:
            out, err = (subprocess.PIPE, file) if stream == "out" else (file, subprocess.PIPE)
            demo = self.spawn([program("facebus"), "demo", "--output", str(self.folder / "out")],
                              environment, out, err)
        pipe = demo.stdout if stream == "out" else demo.stderr
        printed = ""
        while not re.search(pattern, printed):
            line = pipe.readline().decode()
            self.assertTrue(line, f"the demo exited before it was interrupted\n{printed}\n{other.read_text()}")
            printed += line
        start = time.monotonic()
        os.killpg(demo.pid, signal.SIGINT)
        printed += pipe.read().decode()
        code = demo.wait()
        seconds = time.monotonic() - start
        self.assertLess(seconds, INTERRUPT_LIMIT)
        self.assertEqual({}, self.processes_left(), "processes left behind")
        self.assertEqual([], list(self.scratch.iterdir()), "temporary files left behind")
        return code, printed + other.read_text()

    def test_ctrl_c_after_a_result_stops_everything_and_prints_the_summary(self):
        code, printed = self.interrupt_at("out", RESULT)
        self.assertEqual(0, code, printed)
        self.assertIn("detect-align", printed, "no latency table")

    def test_ctrl_c_while_the_services_start_stops_everything(self):
        code, printed = self.interrupt_at("err", "starting the services")
        self.assertEqual(INTERRUPTED, code, printed)


class ReplayTest(support.ProcessTest):
    limit = 300

    @classmethod
    def setUpClass(cls):
        support.need_system()

    def replay(self, system, source):
        """Returns the identities of a replay without ids and clock times, which differ in every replay. Sorts the
        identities by position in the video, because results of different tracks arrive in varying order."""
        found = identities(system.replay(source))
        return sorted(((m["src"], m["pts"], m["box"]["x"], m["decision"], m.get("subject"),
                        m.get("similarity")) for m in found), key=lambda row: row[:4])

    def assert_same(self, first, second, what):
        self.assertEqual([row[:5] for row in first], [row[:5] for row in second], what)
        for one, two in zip(first, second, strict=True):
            if one[5] is not None or two[5] is not None:
                self.assertAlmostEqual(one[5], two[5], delta=SIMILARITY_TOLERANCE, msg=what)

    def check(self, source, *gallery):
        first = None
        for workers in (1, 3):
            with self.subTest(workers=workers):
                system = System(self, workers)
                system.start_redis()
                system.enrol(*gallery)
                system.start_all()
                replays = [self.replay(system, source) for _ in range(2)]
                first = first or replays[0]
                self.assertTrue(any(row[4] for row in first), f"nobody was identified: {first}")
                for replay in replays:
                    self.assert_same(first, replay, f"{workers} workers")
                for name in list(system.services):
                    system.stop(name)

    def test_every_replay_of_a_file_gives_the_same_identities(self):
        self.check(CARPHONE, carphone_frames(self), DEMO / "photos")

    def test_every_replay_of_a_file_with_several_people_gives_the_same_identities(self):
        support.need_data()
        self.check(DATA / "video/two_people_stage.mp4",
                   *sorted((DATA / "video-gallery/hamilton").iterdir()))


if __name__ == "__main__":
    unittest.main()
