"""`facebus calibrate`: a threshold for a rate of false alarms, and workers that use it."""

import json
import unittest

import support
from images import carphone_frames
from support import CARPHONE, DEMO, log_fields
from system import System, identities

PHOTOS = DEMO / "photos"


class CalibrateTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def setUp(self):
        super().setUp()
        self.system = System(self)
        self.system.start_redis()

    def calibrate(self, *arguments):
        result = self.system.facebus("calibrate", "--json", *arguments)
        self.assertEqual(0, result.code, result)
        return json.loads(result.out)

    def threshold_of_a_replay(self):
        self.system.start_all()
        said = identities(self.system.replay(CARPHONE))
        for name in ("recognize", "track", "detect-align", "motion", "broker"):
            self.system.stop(name)
        return said[-1]["threshold"], said[-1]

    def test_a_stricter_rate_takes_more_similarity_and_is_what_workers_ask_for(self):
        self.system.enrol(PHOTOS)
        self.system.enrol("--name", "the man", carphone_frames(self))
        loose = self.calibrate("--fpir", "0.05", "--dry-run")
        strict = self.calibrate("--fpir", "0.0005")
        self.assertGreater(strict["similarity"], loose["similarity"] + 0.1)
        self.assertGreater(strict["impostors"], loose["impostors"])
        threshold, last = self.threshold_of_a_replay()
        early = strict["policy"]["early"] if last["probes"] < 2 else 0
        self.assertAlmostEqual(strict["similarity"] + early, threshold, places=4)
        self.assertEqual("the man", last["subject"])
        self.assertGreater(last["probability"], 0.9)

    def test_without_it_workers_calibrate_for_the_configured_rate(self):
        self.system.enrol(PHOTOS)
        self.system.start("broker", "recognize", FACEBUS_RECOGNIZE_FPIR="0.02")
        lines = [log_fields(line) for line in self.system.services["recognize"].lines()]
        done = [line for line in lines if line["event"] == "calibrated"]
        self.assertEqual(["0.02"], [line["fpir"] for line in done])
        expected = self.calibrate("--fpir", "0.02", "--dry-run")["similarity"]
        self.assertAlmostEqual(expected, float(done[0]["threshold"]), delta=0.03)

    def test_a_dry_run_stores_nothing_and_reset_forgets(self):
        self.system.enrol(PHOTOS)
        self.calibrate("--dry-run")
        self.assertIn("removed the stored policy", self.system.facebus("calibrate", "--reset").out)
        self.calibrate()
        self.assertEqual(0, self.system.facebus("calibrate", "--reset").code)
        self.system.start("broker", "recognize")
        lines = [log_fields(line) for line in self.system.services["recognize"].lines()]
        self.assertIn("calibrated", [line["event"] for line in lines])

    def test_an_empty_gallery_and_a_wrong_rate_are_told_in_one_line(self):
        for arguments, code, said in (((), 65, "the gallery has no samples"),
                                      (("--fpir", "2"), 64, "--fpir")):
            with self.subTest(arguments=arguments):
                result = self.system.facebus("calibrate", *arguments)
                self.assertEqual(code, result.code, result)
                self.assertEqual(1, len(result.err_lines), result)
                self.assertIn(said, result.err)


if __name__ == "__main__":
    unittest.main()
