"""`facebus adapt`: refuses without enough people, and shows and removes the stored adaptation."""

import json
import unittest

import support
from support import DEMO
from system import System

PHOTOS = DEMO / "photos"


class AdaptTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def setUp(self):
        super().setUp()
        self.system = System(self)
        self.system.start_redis()

    def test_refuses_too_few_enrolled_people_and_says_what_to_do(self):
        self.system.enrol(PHOTOS)
        result = self.system.facebus("adapt", PHOTOS)
        self.assertEqual(65, result.code, result)
        self.assertIn("at least 20 are required", result.err_lines[-1])
        self.assertIn("collect faces of more people", result.err_lines[-1])

    def test_shows_that_nothing_is_stored_and_undo_can_be_repeated(self):
        for _ in range(2):
            self.assertEqual("", json.loads(self.system.facebus("adapt", "--show", "--json").out)["id"])
            undone = self.system.facebus("adapt", "--undo")
            self.assertEqual(0, undone.code, undone)
            self.assertIn("no adaptation is stored", undone.out)
        self.assertIn("no adaptation is stored", self.system.facebus("adapt", "--show").out)

    def test_reports_invalid_arguments_on_one_line(self):
        for arguments, words in (((), "requires a folder"),
                                 (("--undo", "--show"), "--show"),
                                 ((PHOTOS, "--undo"), "--undo"),
                                 ((PHOTOS, "--probes", "0"), "--probes")):
            with self.subTest(arguments=arguments):
                result = self.system.facebus("adapt", *arguments)
                self.assertEqual(64, result.code, result)
                self.assertEqual(1, len(result.err_lines), result)
                self.assertIn(words, result.err)


if __name__ == "__main__":
    unittest.main()
