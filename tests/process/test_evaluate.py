"""Tests of `facebus evaluate` and `facebus detect`."""

import json
import os
import re
import shutil
import signal
import subprocess
import unittest

import support
from support import DEMO

PHOTOS = DEMO / "photos"


class EvaluateTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_programs()
        support.need_models()

    def setUp(self):
        super().setUp()
        self.people = self.folder / "people"
        shutil.copytree(PHOTOS, self.people)
        self.cache = self.folder / "faces"

    def evaluate(self, *arguments):
        return self.facebus("evaluate", self.people, "--cache", self.cache, *arguments)

    def report(self, *arguments):
        result = self.evaluate("--json", *arguments)
        self.assertEqual(0, result.code, result)
        return json.loads(result.out)

    def test_counts_people_and_images_and_how_many_images_have_no_face(self):
        support.need_tool("ffmpeg")
        grey = self.people / "joe_biden/grey.png"
        self.run_program(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=gray:200x200",
                          "-frames:v", "1", grey])
        (self.people / "joe_biden/unreadable.png").symlink_to("nowhere.png")
        report = self.report()
        self.assertEqual((6, 2, 2), tuple(report[k] for k in ("images", "people", "without_face")))
        failures = self.evaluate("--failures")
        self.assertRegex(failures.out, r"no face +joe_biden/grey.png")
        self.assertEqual(["joe_biden/grey.png", "joe_biden/unreadable.png"],
                         self.report("--failures")["failures"]["without_face"])

    def test_classifies_all_pairs_of_the_demo_photos_correctly(self):
        report = self.report()
        self.assertEqual(1, report["verification"]["accuracy"])
        self.assertEqual((3, 3), (report["all_pairs"]["same"], report["all_pairs"]["different"]))

    def test_finds_the_images_of_a_pairs_file_even_if_they_are_symbolic_links(self):
        for name, photo in (("barack_obama/barack_obama_0001.jpg", "barack_obama/obama.jpg"),
                            ("barack_obama/barack_obama_0002.jpg", "barack_obama/obama.jpg"),
                            ("joe_biden/joe_biden_0001.jpg", "joe_biden/biden.jpg")):
            (self.people / name).symlink_to(PHOTOS / photo)
        pairs = self.folder / "pairs.txt"
        pairs.write_text("1 1\nbarack_obama 1 2\nbarack_obama 1 joe_biden 1\n")
        verification = self.report("--pairs", pairs)["verification"]
        self.assertEqual((2, 1), (verification["pairs"], verification["accuracy"]))

    def test_uses_the_cache_and_completes_a_truncated_cache(self):
        before = self.report()
        whole = self.cache.read_bytes()
        self.assertEqual(before, self.report())
        self.assertEqual(whole, self.cache.read_bytes(), "a complete cache was changed")
        self.cache.write_bytes(whole[:len(whole) * 3 // 5])
        self.assertEqual(before, self.report())
        self.assertEqual(len(whole), self.cache.stat().st_size)

    def test_embeds_a_changed_image_again_and_all_images_if_a_setting_changed(self):
        self.report()
        size = self.cache.stat().st_size
        os.utime(self.people / "joe_biden/biden.jpg", ns=(0, 0))
        self.report()
        self.assertGreater(self.cache.stat().st_size, size)
        result = self.facebus("evaluate", self.people, "--cache", self.cache, "--json",
                              FACEBUS_DETECT_MIN_FACE="41")
        self.assertEqual(0, result.code, result)
        self.assertEqual(size, self.cache.stat().st_size)

    def test_continues_an_interrupted_run(self):
        for number in range(100):
            (self.people / f"joe_biden/{number}.jpg").symlink_to(PHOTOS / "joe_biden/biden.jpg")
        screen, terminal = os.openpty()
        self.addCleanup(os.close, screen)
        process = self.spawn([support.program("facebus"), "evaluate", str(self.people), "--cache",
                              str(self.cache)], self.environment(), subprocess.DEVNULL, terminal)
        os.close(terminal)
        screen_text = b""
        while not re.search(rb" [1-9]\d*/104", screen_text):  # the progress bar on a terminal
            screen_text += os.read(screen, 4096)
        process.send_signal(signal.SIGINT)
        while b"run the command again to continue" not in screen_text:
            screen_text += os.read(screen, 4096)
        self.assertEqual(130, process.wait())
        done = self.cache.read_bytes()
        self.assertEqual(104, self.report()["images"])
        self.assertTrue(self.cache.read_bytes().startswith(done), "finished work was repeated")
        self.assertGreater(self.cache.stat().st_size, len(done), "the run was not interrupted")

    def test_embeds_crops_of_facebus_collect_without_detecting_faces_again(self):
        collected = self.folder / "collected"
        done = self.facebus("collect", support.CARPHONE, "--output", collected)
        self.assertEqual(0, done.code, done)
        # The crops are smaller than this minimum, so no face would be detected in them.
        result = self.facebus("evaluate", collected, "--cache", self.cache, "--json",
                              FACEBUS_DETECT_MIN_FACE="161")
        self.assertEqual(0, result.code, result)
        report = json.loads(result.out)
        self.assertGreater(report["images"], 3)
        self.assertEqual(0, report["without_face"])

    def test_draws_charts(self):
        self.assertEqual(0, self.evaluate("--charts", self.folder / "charts").code)
        for name in ("roc", "det"):
            self.assertIn("<polyline", (self.folder / f"charts/{name}.svg").read_text())

    def test_reports_invalid_input_on_one_line(self):
        pairs = self.folder / "pairs.txt"
        pairs.write_text("1 1\nbarack_obama 1 2\n")
        for arguments, code, words in (
                ((self.people, "--pairs", pairs), 65, "line 2"),
                ((self.people, "--pairs", "/none.txt"), 69, "/none.txt"),
                (("/none",), 69, "/none"),
                ((self.people, "--cache", "/proc/none/faces"), 69, "/proc/none"),
                ((self.people, "--samples", "0"), 64, "--samples"),
                ((self.people, "--write-cohort", self.folder / "c.json"), 65, "100 people")):
            with self.subTest(arguments=arguments):
                result = self.facebus("evaluate", *arguments)
                self.assertEqual(code, result.code, result)
                errors = [line for line in result.err_lines if not line.startswith("embedding")]
                self.assertEqual(1, len(errors), result)
                self.assertIn(words, errors[0])


class DetectTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_programs()
        support.need_models()

    def test_prints_one_json_line_per_image_with_the_faces_in_it(self):
        result = self.facebus("detect", "--json", PHOTOS)
        self.assertEqual(0, result.code, result)
        lines = [json.loads(line) for line in result.out.splitlines()]
        self.assertEqual(4, len(lines))
        for line in lines:
            face = line["faces"][0]
            x, y, width, height = face["box"]
            for px, py in face["landmarks"]:
                self.assertTrue(x < px < x + width and y < py < y + height)
            self.assertGreater(face["quality"]["overall"], 0.3)
            self.assertLessEqual(x + width, line["width"] * 1.1)

    def test_reports_an_image_that_is_not_readable_and_prints_the_faces_of_the_others(self):
        folder = self.folder / "mixed"
        folder.mkdir()
        shutil.copy(PHOTOS / "joe_biden/biden.jpg", folder / "b.jpg")
        (folder / "a.jpg").write_bytes(b"not an image")
        result = self.facebus("detect", folder)
        self.assertEqual(65, result.code, result)
        self.assertEqual(1, len(result.err_lines), result)
        self.assertIn("a.jpg", result.err)
        self.assertRegex(result.out, r"b\.jpg: 1 face\n.*quality 0\.\d\d")


if __name__ == "__main__":
    unittest.main()
