"""Checks the accuracy stated in docs/accuracy.md on the part of LFW in the evaluation data."""

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

    def test_recognition_reaches_the_stated_accuracy_and_keeps_its_target_fpir(self):
        result = self.facebus("evaluate", DATA / "lfw-dev/images", "--pairs", DATA / "lfw-dev/pairs.txt")
        self.assertEqual(0, result.code, result)

        def figures(line):
            found = re.search(line, result.out)
            self.assertTrue(found, f"{line}: {result}")
            return [float(figure) for figure in found.groups()]

        self.assertEqual([2786, 0], figures(r"(\d+) images of 1501 people, no face found in (\d+)"))
        self.assertGreaterEqual(*figures(r"accuracy (\S+) ±"), 0.9905)
        (one,), (three,) = (figures(rf"\n +{n} +{n} +\S+ % +(\S+) %") for n in (1, 3))
        self.assertLess(three, one / 2)
        self.assertLess(three, 3)
        target, impostors, named, misidentified = figures(
            r"for an FPIR of (\S+) %.*\n  impostors named (\S+) % of \d+, enrolled people named (\S+) % of \d+, "
            r"as somebody else (\S+) %")
        self.assertLessEqual(impostors, target)
        self.assertGreater(named, 98)
        self.assertEqual(0, misidentified)


if __name__ == "__main__":
    unittest.main()
