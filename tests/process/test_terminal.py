"""Tests that text from files and other machines cannot control the terminal in which the program facebus runs."""

import json
import shutil
import unittest

import support
from support import DEMO, ROOT
from system import System

OBAMA = DEMO / "photos/barack_obama/obama.jpg"
# An escape sequence, the same sequence with a C1 control character, a right-to-left override, and a zero-width space.
HOSTILE = "\x1b[2J\u009b2J\u202e\u200b"
FILTERED = "?[2J?2J??"


class TerminalTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_programs()

    def assert_printable(self, text):
        for character in HOSTILE:
            if not character.isprintable():
                self.assertNotIn(character, text)

    def test_errors_contain_no_control_characters_from_paths_and_arguments(self):
        folder = self.folder / HOSTILE
        for arguments in (("gallery", "add", str(folder)), ("--config", str(folder), "check"), (HOSTILE,),
                          ("demo", "--source", str(folder)), ("keygen", "edge", "a", "--into", f"/proc/{HOSTILE}")):
            with self.subTest(arguments=arguments):
                ran = self.facebus(*arguments)
                self.assertNotEqual(0, ran.code)
                self.assertIn(FILTERED, ran.err)
                self.assert_printable(ran.err + ran.out)
                self.assertEqual(1, len([line for line in ran.err_lines if line.startswith("facebus: ")]), ran)

    def test_a_service_that_cannot_start_prints_no_control_characters(self):
        ran = self.run_program([support.program("facebus-broker"), "--config", f"/none/{HOSTILE}"])
        self.assertEqual(78, ran.code, ran)
        self.assertIn(FILTERED, ran.err)
        self.assert_printable(ran.err)

    def test_output_contains_no_control_characters_from_file_names(self):
        support.need_system()
        name = f"a{HOSTILE}.jpg"
        photo = self.folder / name
        shutil.copy(OBAMA, photo)
        detected = self.facebus("detect", str(photo))
        self.assertIn(f"a{FILTERED}.jpg: 1 face", detected.out)
        self.assert_printable(detected.out)
        system = System(self)
        system.start_redis()
        # A source with control characters cannot be stored, but one with other invisible characters can.
        visible = self.folder / "b\u202e\u200b.jpg"
        shutil.copy(OBAMA, visible)
        system.enrol("--name", "Barack", str(visible))
        shown = system.facebus("gallery", "show", "Barack")
        self.assertIn("b??.jpg", shown.out)
        self.assert_printable(shown.out)
        rejected = system.facebus("gallery", "add", "--name", HOSTILE, str(photo))
        self.assertEqual(65, rejected.code, rejected)
        self.assertIn(FILTERED, rejected.err)
        self.assert_printable(rejected.err)

    def test_json_preserves_file_names_and_contains_no_control_characters(self):
        support.need_system()
        photo = self.folder / f"a{HOSTILE}.jpg"
        shutil.copy(OBAMA, photo)
        detected = self.facebus("detect", "--json", str(photo))
        self.assert_printable(detected.out)
        self.assertEqual(str(photo), json.loads(detected.out)["file"])
        system = System(self)
        system.start_redis()
        source = "b\u202e\u200b.jpg"
        shutil.copy(OBAMA, self.folder / source)
        system.enrol("--name", "Barack", str(self.folder / source))
        shown = system.facebus("gallery", "show", "--json", "Barack")
        self.assert_printable(shown.out)
        self.assertEqual(source, json.loads(shown.out)[0]["source"])

    def test_the_command_line_prints_only_through_functions_that_filter_text(self):
        users = {path.name for path in (ROOT / "services/cli").rglob("*.[ch]pp") if "fmt::print(" in path.read_text()}
        self.assertEqual({"terminal.hpp", "progress.cpp"}, users)


if __name__ == "__main__":
    unittest.main()
