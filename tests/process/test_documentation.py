"""Every command of the documentation is run: here, unless it says elsewhere why not and where."""

import json
import os
import re
import shutil
import subprocess
import unittest

from gateway import OBAMA
from pictures import carphone_frames
from support import BIN, CARPHONE, DEMO, ROOT, ProcessTest, need_system, need_tool
from system import System

PAGES = ["README.md", "CONTRIBUTING.md", "schemas/README.md", "models/README.md",
         *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "docs").glob("**/*.md"))]

# Commands that one of these holds word for word, and so runs.
SCRIPTS = (".ci/run", "deploy/test", "deploy/check-containers", "deploy/check-k8s")

# The others that are not run here: pages, commands, and the file that does the same or else the reason.
ELSEWHERE = (
    (r"docs/(rest|page)\.md", r".*", "tests/process/test_gateway.py"),
    (r"docs/quickstart\.md", r"curl .*|KEY=.*", "deploy/check-containers"),
    (r".*", r"deploy/demo.*", "tests/process/test_demo.py"),
    (r"CONTRIBUTING\.md", r"deploy/test --threads|tests/fault/(report|soak 20)", "they take a quarter of an hour each"),
    (r"CONTRIBUTING\.md", r"\.ci/run", "it is what runs this"),
    (r".*", r"cmake --(preset|build) .*|ctest .*", "deploy/build"),
    (r".*", r"(sudo )?cmake --install .*", "tests/process/test_systemd.py"),
    (r"docs/accuracy\.md", r".*", "tests/process/test_lfw.py"),
    (r"docs/edge\.md", r"(sudo|scp|systemctl|journalctl) .*", "a machine of one's own, as root; what it installs is in "
                                                             "tests/process/test_systemd.py"),
    (r".*", r"git (clone|pull).*", "there is no repository to fetch from"),
    (r"docs/containers\.md", r"facebus watch --connect .*", "tests/process/test_security.py"),
    (r".*", r"docker compose (.* )?(up|build|logs|ps|down)\b.*", "deploy/check-containers"),
    (r"docs/containers\.md", r"docker compose run .* enrol facebus gallery add .*", "deploy/check-containers"),
    (r"docs/containers\.md", r"docker compose run --rm api-key .*", "deploy/check-containers"),
)


def commands(page):
    """The commands of a page's shell blocks, without comments and what is read by them."""
    for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S):
        block = re.sub(r"\\\n\s*", " ", block)
        block = re.sub(r"(<<'END')\n.*?^END$", r"\1", block, flags=re.M | re.S)
        for line in block.splitlines():
            line = re.sub(r"(^|\s+)# .*", "", line).strip()
            if line:
                yield line


def elsewhere(page, command):
    """Where a command is run if not here."""
    for script in SCRIPTS:
        if re.search(rf"^ *(run |step |documented ['\"])?{re.escape(command)}['\"]?($| --| \|\|)",
                     (ROOT / script).read_text(), re.M):
            return script
    return next((where for pages, pattern, where in ELSEWHERE
                 if re.fullmatch(pages, page) and re.fullmatch(pattern, command)), None)


def run_here(page):
    return [command for command in commands(page) if not elsewhere(page, command)]


class Commands(ProcessTest):
    def setUp(self):
        need_system()
        super().setUp()

    def running(self):
        """A system in which Alice, who is the man of the clip, is enrolled and seen."""
        system = System(self)
        system.start_redis()
        system.enrol(carphone_frames(self), "--name", "Alice")
        system.start_all()
        system.play(CARPHONE, FACEBUS_CAPTURE_EXIT_AT_END="false")
        system.until(lambda m: m.kind == "identity" and m["decision"] == "known")
        return system

    def run_page(self, page, system=None, **replaced):
        """Runs what is to be run of a page in a folder with `deploy`; returns how it ended."""
        here = run_here(page)
        self.assertTrue(here, page)
        script = "set -eux\n" + "\n".join(here) + "\n"
        for old, new in replaced.items():
            self.assertIn(old, script)
            script = script.replace(old, new)
        (self.folder / "deploy").symlink_to(ROOT / "deploy")
        environment = dict(system.environment if system else self.environment())
        environment.pop("NOTIFY_SOCKET", None)
        environment.update(PATH=f"{BIN}:{os.environ['PATH']}", XDG_CACHE_HOME=str(self.folder / "cache"))
        ran = self.run_program(["bash", "-c", script], environment)
        self.assertEqual(0, ran.code, ran)
        return ran

    def test_those_of_the_readme_work(self):
        system = self.running()
        shutil.copytree(DEMO / "photos", self.folder / "people")
        shutil.copy(CARPHONE, self.folder / "visit.mp4")
        shutil.copy(OBAMA[0], self.folder / "picture.jpg")
        (self.folder / "secret.txt").write_text("a secret\n")
        # It goes on until it is stopped.
        ran = self.run_page("README.md", system, **{
            "facebus watch\n": "timeout 2 facebus watch || [ $? = 124 ]\n",
            "picture ID": "picture $(facebus gallery show Alice | grep -oE '[0-9a-f]{32}' | head -1)"})
        self.assertIn("joe_biden", ran.out)
        for made in ("face.jpg", "people.gallery", "door-1.pub", "api-keys", "facebus-faces", "facebus.yaml"):
            self.assertTrue((self.folder / made).exists(), made)

    def test_those_of_operations_work_and_nothing_of_a_removed_person_is_left(self):
        need_tool("redis-cli")
        system = self.running()
        shutil.copy(OBAMA[0], self.folder / "alice.jpg")
        (self.folder / "keys/allowed").mkdir(parents=True)
        (self.folder / "keys/allowed/door-1.pub").touch()
        panel = self.facebus("api-key", "read", "panel", "--into", self.folder / "api-keys")
        self.assertEqual(0, panel.code, panel)
        redis = system.folder / "redis"
        shown = subprocess.run(["redis-cli", "-s", redis, "--scan", "--pattern", "facebus:subject:*"], text=True,
                               capture_output=True, check=True).stdout.split()
        self.assertTrue(shown)
        ran = self.run_page("docs/operations.md", system, **{
            "redis-cli": f"redis-cli -s {redis}", "127.0.0.1:9105": system.services["broker"].health,
            # She is removed by then, and what was seen of her with her.
            "facebus watch --stats --count 1 --since 1h": "timeout 3 facebus watch --stats --since 1h || [ $? = 124 ]"})
        self.assertEqual(3, len(json.loads((self.folder / "alice.json").read_text())))
        seen = [json.loads(line) for line in (self.folder / "alice-seen.jsonl").read_text().splitlines()]
        self.assertEqual({"Alice"}, {each["subject"] for each in seen})
        self.assertIn("nobody of that name", ran.out)
        for key in shown:
            self.assertNotIn(key, ran.out)
        self.assertEqual(["door-1b.pub"], [file.name for file in (self.folder / "keys/allowed").iterdir()])
        self.assertRegex((self.folder / "api-keys").read_text(), r"^read \S+ panel-2\n$")

    def test_that_of_integration_tells_who_was_seen(self):
        result = json.loads(self.run_page("docs/integration.md", self.running()).out.splitlines()[0])
        self.assertEqual("Alice", result["subject"])

    def test_those_about_keys_figures_and_secrets_work(self):
        need_tool("promtool")
        for page in ("docs/security.md", "docs/monitoring.md"):
            with self.subTest(page):
                (self.folder / "deploy").unlink(missing_ok=True)
                shutil.rmtree(self.folder / "keys", ignore_errors=True)
                self.run_page(page)

    def test_those_of_the_edge_that_take_no_root_work(self):
        system = self.running()
        (self.folder / "keys/allowed").mkdir(parents=True)
        self.run_page("docs/edge.md", system, **{"127.0.0.1:9101": system.services["capture"].health})
        self.assertTrue((self.folder / "keys/allowed/door-1.pub").exists())

    def test_no_page_has_commands_that_nothing_runs(self):
        tested = {"README.md", "docs/integration.md", "docs/operations.md", "docs/security.md", "docs/monitoring.md",
                  "docs/edge.md"}
        self.assertEqual({}, {page: here for page in PAGES if page not in tested and (here := run_here(page))})

    def test_what_is_run_elsewhere_is_there_and_every_exception_is_used(self):
        used = {(page, command) for page in PAGES for command in commands(page)}
        for pages, pattern, where in ELSEWHERE:
            self.assertTrue(any(re.fullmatch(pages, page) and re.fullmatch(pattern, command) for page, command in used),
                            pattern)
            if " " not in where:
                self.assertTrue((ROOT / where).exists(), where)


class Pages(unittest.TestCase):
    def test_the_message_reference_is_what_the_schemas_say(self):
        made = subprocess.run([ROOT / "schemas/reference"], text=True, capture_output=True, check=True).stdout
        self.assertEqual((ROOT / "docs/messages.md").read_text(), made,
                         "run schemas/reference > docs/messages.md")

    def test_every_schema_is_in_it(self):
        text = (ROOT / "docs/messages.md").read_text()
        for file in (ROOT / "schemas").glob("*.json"):
            if file.stem != "common":
                self.assertIn(f"\n## {file.stem}\n", text)

    def test_every_link_leads_somewhere(self):
        for page in PAGES:
            for target, heading in re.findall(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)", (ROOT / page).read_text()):
                file = (ROOT / page).parent / target if target else ROOT / page
                with self.subTest(page=page, target=target, heading=heading):
                    self.assertTrue(file.exists())
                    if heading:
                        titles = re.findall(r"^#+ (.*)$", file.read_text(), re.M)
                        self.assertIn(heading, {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
                                                for title in titles})


if __name__ == "__main__":
    unittest.main()
