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
        self.assertGreater(strict["similarity"], loose["similarity"] + 0.1)
        self.assertGreater(strict["impostors"], loose["impostors"])
        last = self.last_identity_of_replay()
        early = strict["policy"]["early"] if last["probes"] < 2 else 0
        self.assertAlmostEqual(strict["similarity"] + early, last["threshold"], places=4)
        self.assertEqual("the man", last["subject"])
        self.assertGreater(last["probability"], 0.9)

    def calibrations_of_new_worker(self, **environment):
        """Starts a worker and returns the log lines about its calibrations. A worker calibrates only if no policy is
        stored."""
        self.system.start("recognize", **environment)
        lines = [log_fields(line) for line in self.system.services["recognize"].lines()]
        self.system.stop("recognize")
        return [line for line in lines if line["event"] == "calibrated"]

    def test_workers_calibrate_for_the_configured_fpir_if_no_policy_is_stored(self):
        self.system.enrol(PHOTOS)
        calibration, = self.calibrations_of_new_worker(FACEBUS_RECOGNIZE_FPIR="0.02")
        self.assertEqual("0.02", calibration["fpir"])
        expected = self.calibrate("--fpir", "0.02", "--dry-run")["similarity"]
        self.assertAlmostEqual(expected, float(calibration["threshold"]), delta=0.03)

    def test_a_dry_run_stores_no_policy_and_reset_removes_the_stored_policy(self):
        self.system.enrol(PHOTOS)
        self.calibrate("--dry-run")
        self.assertEqual(1, len(self.calibrations_of_new_worker()), "the dry run stored a policy")
        self.calibrate()
        self.assertEqual([], self.calibrations_of_new_worker(), "no policy was stored")
        reset = self.system.facebus("calibrate", "--reset")
        self.assertEqual(0, reset.code, reset)
        self.assertIn("no policy is stored now", reset.out)
        self.assertEqual(1, len(self.calibrations_of_new_worker()), "the policy was not removed")

    def test_reports_an_empty_gallery_or_invalid_arguments_on_one_line(self):
        for arguments, code, words in (((), 65, "the gallery has no samples"),
                                      (("--fpir", "2"), 64, "--fpir"),
                                      (("--reset", "--dry-run"), 64, "--dry-run")):
            with self.subTest(arguments=arguments):
                result = self.system.facebus("calibrate", *arguments)
                self.assertEqual(code, result.code, result)
                self.assertEqual(1, len(result.err_lines), result)
                self.assertIn(words, result.err)


if __name__ == "__main__":
    unittest.main()
