"""Tests the documents. Runs the commands in README.md and in the section "On this machine" of the quick start, except
those in SLOW_SCRIPTS. Checks that the targets of internal links, the scripts and the settings that the documents
mention exist, and that docs/rest.md lists every route except /openapi.json. Does not check CHANGELOG.md.
tools/check-containers runs the container section of the quick start."""

import json
import os
import re
import shutil
import unittest

from images import carphone_frames
from support import BIN, CARPHONE, DEMO, MODELS, ROOT, ProcessTest, need_system
from system import System

PAGES = ["README.md", "CONTRIBUTING.md", "schemas/README.md", "models/README.md",
         *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "docs").glob("**/*.md"))]
# Scripts that are not run here because each takes minutes. .ci/run runs them.
SLOW_SCRIPTS = {"deploy/demo", "deploy/test"}


def commands(page, heading=""):
    """Returns the commands in the shell blocks of a page, without comments. With `heading`, returns only those in the
    section with this heading."""
    text = (ROOT / page).read_text()
    if heading:
        text = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.M | re.S)[1]
    lines = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)).splitlines()
    return [command for line in lines if (command := re.sub(r"(^|\s+)# .*", "", line).strip())]


class Commands(ProcessTest):
    def setUp(self):
        need_system()
        super().setUp()

    def run_commands(self, commands, environment, replacements):
        """Runs the commands in the folder of the test, verbatim except that each key of `replacements` is replaced with
        its value."""
        script = "\n".join(["set -eux", *commands, ""])
        for old, new in replacements.items():
            self.assertIn(old, script)
            script = script.replace(old, new)
        for name in ("deploy", "models", "tools"):
            (self.folder / name).symlink_to(ROOT / name)
        ran = self.run_program(["bash", "-c", script], {
            **environment, "PATH": f"{BIN}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(self.folder / "cache")})
        self.assertEqual(0, ran.code, ran)
        return ran

    def test_commands_in_the_readme_work(self):
        system = System(self)
        system.start_redis()
        system.enrol(carphone_frames(self), "--name", "Alice")
        system.start_all()
        system.play(CARPHONE, FACEBUS_CAPTURE_EXIT_AT_END="false")
        system.until(lambda m: m.kind == "identity" and m["decision"] == "known")
        shutil.copytree(DEMO / "photos", self.folder / "people")
        shutil.copy(CARPHONE, self.folder / "visit.mp4")
        shutil.copy(DEMO / "photos/barack_obama/obama.jpg", self.folder / "photo.jpg")
        (self.folder / "secret.txt").write_text("a secret\n")
        environment = {name: value for name, value in system.environment.items() if name != "NOTIFY_SOCKET"}
        readme = [command for command in commands("README.md") if command not in SLOW_SCRIPTS]
        # `facebus watch` runs until it is stopped, so limit its time.
        ran = self.run_commands(readme, environment, {
            "facebus watch\n": "timeout 2 facebus watch || [ $? = 124 ]\n",
            "merge Al Alice": "merge joe_biden Alice",
            "Alice ID": "Alice $(facebus gallery show Alice | grep -oE '[0-9a-f]{32}' | head -1)",
            "photo ID": "photo $(facebus gallery show Alice | grep -oE '[0-9a-f]{32}' | head -1)"})
        self.assertIn("joe_biden", ran.out)
        for name in ("face.jpg", "people.gallery", "door-1.pub", "api-keys", "facebus-faces", "facebus.yaml"):
            self.assertTrue((self.folder / name).exists(), name)

    def test_commands_in_the_quick_start_recognise_a_person_in_a_video(self):
        shutil.move(carphone_frames(self), self.folder / "people/Alice")
        (self.folder / "cache/facebus").mkdir(parents=True)
        (self.folder / "cache/facebus/models").symlink_to(MODELS)
        (self.folder / "build/release").mkdir(parents=True)
        (self.folder / "build/release/bin").symlink_to(BIN)
        # Commands that build or install are replaced with scripts that only record each call.
        recorders = self.folder / "recorders"
        recorders.mkdir()
        for name in ("cmake", "apt-get", "sudo"):
            (recorders / name).write_text(f'#!/bin/sh\necho {name} "$*" >>{self.folder}/calls\n')
            (recorders / name).chmod(0o755)
        quick_start = [command for command in commands("docs/quickstart.md", "On this machine")
                       if command not in SLOW_SCRIPTS]
        ran = self.run_commands([f"PATH={recorders}:$PATH", *quick_start], self.environment(),
                                {"/dev/video0": str(CARPHONE)})
        self.assertRegex(ran.out, r"known +Alice\b")
        self.assertTrue((self.folder / "facebus-demo/contact-sheet.jpg").exists())
        self.assertEqual(["cmake --preset release", "cmake --build build/release"],
                         [call for call in (self.folder / "calls").read_text().splitlines() if "cmake" in call])


class Pages(unittest.TestCase):
    def test_every_internal_link_has_a_target(self):
        for page in PAGES:
            for target, heading in re.findall(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)", (ROOT / page).read_text()):
                file = (ROOT / page).parent / target if target else ROOT / page
                with self.subTest(page=page, target=target, heading=heading):
                    self.assertTrue(file.exists())
                    if heading:
                        titles = re.findall(r"^#+ (.*)$", file.read_text(), re.M)
                        self.assertIn(heading, {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
                                                for title in titles})

    def test_every_script_in_a_command_exists(self):
        for page in PAGES:
            for command in commands(page):
                if script := re.match(r"(?:deploy|tools|tests|models|schemas|\.ci)/[\w./-]+", command):
                    with self.subTest(page=page, command=command):
                        self.assertTrue(os.access(ROOT / script[0], os.X_OK))

    def test_rest_page_lists_every_route_with_its_role(self):
        document = json.loads((ROOT / "services/gateway/rest/openapi.json").read_text())
        in_openapi = {(method.upper(), path.removeprefix("/api/v1"), operation["description"].split("`")[1])
                     for path, methods in document["paths"].items() if path != "/openapi.json"
                     for method, operation in methods.items()}
        page = (ROOT / "docs/rest.md").read_text()
        self.assertEqual(in_openapi, set(re.findall(r"^\| `([A-Z]+) (\S+)` \| (\w+) \|", page, re.M)))

    def test_every_setting_in_a_document_exists(self):
        headers = [file.read_text() for folder in ("libs", "services") for file in (ROOT / folder).rglob("*.[hc]pp")]
        keys = {key for header in headers for key in re.findall(r'\b(?:key|add)\(\s*"(\w+)"', header)}
        sections = "capture|motion|detect|track|broker|recognize|gallery|gateway|mqtt|redis|results|bus"
        for page in PAGES:
            for section, key in re.findall(rf"`({sections})\.(\w+)[:`]", (ROOT / page).read_text()):
                with self.subTest(page=page, key=f"{section}.{key}"):
                    self.assertIn(key, keys | {"input", "health"})


if __name__ == "__main__":
    unittest.main()
