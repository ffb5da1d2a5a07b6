"""Checks the accuracy, FNIR and FPIR that `facebus evaluate` measures on the part of LFW in the evaluation data.
docs/accuracy.md states the measured values."""

import re
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

    def test_accuracy_fnir_and_fpir_are_within_their_limits(self):
        result = self.facebus("evaluate", DATA / "lfw-dev/images", "--pairs", DATA / "lfw-dev/pairs.txt")
        self.assertEqual(0, result.code, result)

        def figures(pattern):
            """Returns the numbers in the groups of the pattern, which the output must contain."""
            found = re.search(pattern, result.out)
            self.assertTrue(found, f"{pattern}: {result}")
            return [float(figure) for figure in found.groups()]

        self.assertEqual([2786, 0], figures(r"(\d+) images of 1501 people, no face found in (\d+)"))
        self.assertGreaterEqual(*figures(r"accuracy (\S+) ±"), 0.9905)
        # FNIR at an FPIR of 1%: with one sample and one probe, and with three samples and three probes.
        (fnir_1,), (fnir_3,) = (figures(rf"\n +{n} +{n} +\S+% +(\S+)%") for n in (1, 3))
        self.assertLess(fnir_3, fnir_1 / 2)
        self.assertLess(fnir_3, 3)
        target, fpir, identified, misidentified = figures(
            r"target FPIR (\S+)%.*\n +impostors identified .* (\S+)% of \d+\n +enrolled people identified correctly"
            r" +(\S+)% of \d+\n +enrolled people identified as other people +(\S+)% of \d+")
        self.assertLessEqual(fpir, target)
        self.assertGreater(identified, 98)
        self.assertEqual(0, misidentified)


if __name__ == "__main__":
    unittest.main()
