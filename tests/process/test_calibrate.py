"""`facebus calibrate`: computes the threshold for a target FPIR. Workers use that threshold."""

import json
import unittest

import support
from images import carphone_frames
from support import CARPHONE, DEMO, log_fields
from system import RECEIVERS, System, identities

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

    def last_identity_of_replay(self):
        """Replays the demo clip and returns its last identity."""
        self.system.start_all()
        results = identities(self.system.replay(CARPHONE))
        for name in reversed(RECEIVERS):
            self.system.stop(name)
        return results[-1]

    def test_a_lower_fpir_raises_the_threshold_that_workers_use(self):
        self.system.enrol(PHOTOS)
        self.system.enrol("--name", "the man", carphone_frames(self))
        loose = self.calibrate("--fpir", "0.05", "--dry-run")
        strict = self.calibrate("--fpir", "0.0005")
        self.assertGreater(strict["score"], loose["score"] + 0.05)
        last = self.last_identity_of_replay()
        self.assertIn(round(last["score_threshold"], 4), [round(score, 4) for score in strict["scores"]])
        self.assertEqual(last["score"] >= last["score_threshold"], last["similarity"] >= last["threshold"])
        self.assertEqual("the man", last["subject"])
        self.assertGreater(last["probability"], 0.9)

    def calibration_of_new_worker(self, **environment):
        """Starts a worker and returns the fields of the log line about its calibration."""
        self.system.start("recognize", **environment)
        lines = [log_fields(line) for line in self.system.services["recognize"].lines()]
        self.system.stop("recognize")
        calibration, = [line for line in lines if line["event"] == "calibrated"]
        return calibration

    def test_workers_calibrate_for_the_configured_fpir_if_none_is_stored(self):
        self.system.enrol(PHOTOS)
        calibration = self.calibration_of_new_worker(FACEBUS_RECOGNIZE_FPIR="0.02")
        self.assertEqual("0.02", calibration["fpir"])
        expected = self.calibrate("--fpir", "0.02", "--dry-run")["score"]
        self.assertAlmostEqual(expected, float(calibration["threshold"]), places=4)

    def test_a_dry_run_stores_nothing_and_reset_removes_the_stored_calibration(self):
        self.system.enrol(PHOTOS)
        self.calibrate("--fpir", "0.03", "--dry-run")
        self.assertEqual("0.01", self.calibration_of_new_worker()["fpir"], "the dry run stored a calibration")
        self.calibrate("--fpir", "0.03")
        self.assertEqual("0.03", self.calibration_of_new_worker()["fpir"], "no calibration was stored")
        reset = self.system.facebus("calibrate", "--reset")
        self.assertEqual(0, reset.code, reset)
        self.assertIn("no calibration is stored now", reset.out)
        self.assertEqual("0.01", self.calibration_of_new_worker()["fpir"], "the calibration was not removed")

    def test_show_prints_the_calibration_in_force_and_where_it_comes_from(self):
        self.system.enrol(PHOTOS)
        self.assertFalse(self.calibrate("--show")["stored"])
        stored = self.calibrate("--fpir", "0.03")
        shown = self.calibrate("--show")
        self.assertEqual(stored, shown)
        self.assertTrue(shown["stored"])
        text = self.system.facebus("calibrate", "--show")
        self.assertIn("stored with the gallery", text.out)
        self.assertNotIn("workers use it from now on", text.out)

    def test_reports_an_empty_gallery_or_invalid_arguments_on_one_line(self):
        for arguments, code, words in (((), 65, "the gallery has no samples"),
                                      (("--fpir", "2"), 64, "--fpir"),
                                      (("--reset", "--dry-run"), 64, "--dry-run"),
                                      (("--show", "--fpir", "0.1"), 64, "--fpir")):
            with self.subTest(arguments=arguments):
                result = self.system.facebus("calibrate", *arguments)
                self.assertEqual(code, result.code, result)
                self.assertEqual(1, len(result.err_lines), result)
                self.assertIn(words, result.err)


if __name__ == "__main__":
    unittest.main()
