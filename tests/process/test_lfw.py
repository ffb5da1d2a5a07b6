"""The accuracy that docs/accuracy.md promises, on the part of LFW that the evaluation data holds."""

import json
import unittest

import support
from support import DATA


class LfwTest(support.ProcessTest):
    limit = 600

    @classmethod
    def setUpClass(cls):
        support.need_programs()
        support.need_models()
        support.need_data()

    def test_recognition_is_as_good_as_promised_and_honest_about_strangers(self):
        lfw = DATA / "lfw-dev"
        result = self.facebus("evaluate", lfw / "images", "--pairs", lfw / "pairs.txt", "--json",
                              "--trials", "40", "--cache", self.folder / "faces")
        self.assertEqual(0, result.code, result)
        report = json.loads(result.out)
        self.assertEqual(0, report["without_face"])
        self.assertGreaterEqual(report["verification"]["accuracy"], 0.9905)
        results = {(r["samples"], r["probes"]): r["points"][0]["fnir"]
                   for r in report["identification"]["results"]}
        self.assertLess(results[3, 3], results[1, 1] / 2)
        self.assertLess(results[3, 3], 0.03)
        calibration = report["calibration"]
        self.assertLessEqual(calibration["strangers_named"], calibration["promised"])
        self.assertGreater(calibration["mated_named"], 0.98)
        self.assertEqual(0, calibration["mated_wrongly"])


if __name__ == "__main__":
    unittest.main()
