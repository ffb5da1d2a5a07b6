"""Checks the accuracy, FNIR and FPIR that `facebus evaluate` measures on the part of LFW in the evaluation data, for
both networks. docs/accuracy.md states the measured values."""

import json
import unittest

import support
from support import DATA, MODELS

# Calibration keeps its promise within these factors, if enough searches measure it.
FACTORS = (0.5, 1.5)
ENOUGH = 2000


class LfwTest(support.ProcessTest):
    limit = 900

    @classmethod
    def setUpClass(cls):
        support.need_programs()
        support.need_models()
        support.need_data()

    def evaluate(self, model):
        """Returns the report, and the comparisons of scores with cosines at 1% FPIR by samples and probes."""
        result = self.facebus("evaluate", DATA / "lfw-dev/images", "--pairs", DATA / "lfw-dev/pairs.txt",
                              "--folds", "2", "--fpir", "0.05,0.01", "--json", FACEBUS_RECOGNIZE_MODEL=model)
        self.assertEqual(0, result.code, result)
        report = json.loads(result.out)
        self.assertEqual((2786, 1501, 0), tuple(report[key] for key in ("images", "people", "without_face")))
        results = report["identification"]["results"]
        return report, {(row["samples"], row["probes"]): row["comparisons"][0] for row in results}

    def check_calibration(self, report):
        rows = [row for row in report["calibration"]["rows"] if row["impostors"] >= ENOUGH]
        self.assertGreaterEqual(len(rows), 30)
        for row in rows:
            factor = row["fpir"] / row["target_fpir"]
            self.assertTrue(FACTORS[0] <= factor <= FACTORS[1], row)

    def test_facenet_misses_fewer_people_than_with_cosines_and_meets_the_fpir(self):
        report, compared = self.evaluate("facenet")
        self.assertGreaterEqual(report["verification"]["accuracy"], 0.9905)
        for key, reduction in {(1, 1): 0.25, (1, 3): 0.5, (3, 1): 0.5}.items():
            found = compared[key]
            self.assertLess(found["fnir_score"], (1 - reduction) * found["fnir_cosine"], key)
            self.assertGreater(found["reduction_low"], 0, key)
        self.assertLess(compared[3, 3]["fnir_score"], 0.01)
        self.check_calibration(report)

    def test_sface_misses_few_people_and_meets_the_fpir(self):
        support.need((MODELS / "sface.onnx").exists(),
                     f"no sface.onnx in {MODELS}; run models/prepare --only sface")
        report, compared = self.evaluate("sface")
        self.assertGreaterEqual(report["verification"]["accuracy"], 0.995)
        self.assertLess(compared[1, 1]["fnir_score"], 0.04)  # a third of FaceNet's
        self.assertLess(compared[3, 3]["fnir_score"], 0.005)
        self.check_calibration(report)


if __name__ == "__main__":
    unittest.main()
