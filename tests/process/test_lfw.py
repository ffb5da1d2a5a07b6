"""The accuracy that docs/accuracy.md promises, on the part of LFW that the evaluation data holds."""

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

    def test_recognition_is_as_good_as_promised_and_honest_about_strangers(self):
        result = self.facebus("evaluate", DATA / "lfw-dev/images", "--pairs", DATA / "lfw-dev/pairs.txt")
        self.assertEqual(0, result.code, result)

        def figures(line):
            found = re.search(line, result.out)
            self.assertTrue(found, f"{line}: {result}")
            return [float(figure) for figure in found.groups()]

        self.assertEqual([2786, 0], figures(r"(\d+) pictures of 1501 people, no face found in (\d+)"))
        self.assertGreaterEqual(*figures(r"accuracy (\S+) ±"), 0.9905)
        (one,), (three,) = (figures(rf"\n +{n} +{n} +\S+ % +(\S+) %") for n in (1, 3))
        self.assertLess(three, one / 2)
        self.assertLess(three, 3)
        promised, strangers, named, wrongly = figures(
            r"for (\S+) % false alarms.*\n  strangers named (\S+) % of \d+, enrolled people named (\S+) % of \d+, "
            r"as somebody else (\S+) %")
        self.assertLessEqual(strangers, promised)
        self.assertGreater(named, 98)
        self.assertEqual(0, wrongly)


if __name__ == "__main__":
    unittest.main()
