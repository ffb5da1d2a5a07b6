"""Every command of the documentation is run: here, unless it says elsewhere why not and where."""

import json
import re
import shutil
import subprocess
import unittest

from documentation import PAGES, CommandsTest, commands
from gateway import BIDEN, GALLERY, LIVE, OBAMA, Gateway
from pictures import carphone_frames, side_by_side
from support import BIN, CARPHONE, DEMO, MODELS, ROOT, need_system, need_tool
from system import System

# Commands that one of these holds word for word, and so runs.
SCRIPTS = (".ci/run", "deploy/test", "deploy/demo", "tools/check-containers", "tools/check-k8s",
           "tools/check-systemd", "tests/process/test_contributing.py", "tests/process/test_lfw.py")

# As one of them runs them, because they take long.
SHORTENED = {"tools/fuzz": "tools/fuzz --seconds 5"}

# The others that are not run here: pages, commands, and the file that does the same or else the reason.
ELSEWHERE = (
    (r"CONTRIBUTING\.md", r"deploy/test --threads", "it takes a quarter of an hour"),
    (r"CONTRIBUTING\.md", r"\.ci/run", "it is what runs this"),
)


RAN = re.compile(r"""(?:documented\w*|step bash -c) (?:'([^']*)'|"([^"]*)")|(?:run|step) (?:nice )?(.*?)(?: \|\|.*)?$""")


def runs(script):
    """The commands that a script or a test runs, as far as they stand there word for word."""
    text = (ROOT / script).read_text()
    if script.endswith(".py"):
        return set(re.findall(r'"([^"\n]+)"', text))
    text = re.sub(r"^ *cat <<-?'?(\w+)'?\n.*?^\1$", "", text, flags=re.M | re.S)  # what only tells of commands
    found = {line.strip() for line in text.splitlines()}
    # Whole blocks of a page, by their heading and number.
    for heading, number in re.findall(r'^ *documented \S+ \S+ "([^"]*)" (\d)', text, re.M):
        found.update(commands("docs/edge.md", heading, int(number)))
    for line in list(found):
        if ran := RAN.match(line):
            found.add(ran[1] or ran[2] or ran[3])
    return found


def elsewhere(page, command):
    """Where a command is run if not here."""
    for script in SCRIPTS:
        if {command, SHORTENED.get(command)} & RUN[script]:
            return script
    return next((where for pages, pattern, where in ELSEWHERE
                 if re.fullmatch(pages, page) and re.fullmatch(pattern, command)), None)


RUN = {script: runs(script) for script in SCRIPTS}


def run_here(page):
    return [command for command in commands(page) if not elsewhere(page, command)]


class Commands(CommandsTest):
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
        self.assertTrue(run_here(page), page)
        return self.run_commands(run_here(page), system, replaced)

    def filmed(self):
        """All services but the gateway, crops in the results, and a camera with the man of the clip; no key."""
        gateway = Gateway(self, started=False, FACEBUS_RECOGNIZE_CROPS="true")
        gateway.start_all()
        gateway.play(CARPHONE, FACEBUS_CAMERAS_CLIP_PACE="live", FACEBUS_CAMERAS_CLIP_LOOP="true")
        return gateway

    def serve_as_on(self, page, gateway):
        """Runs a page's commands up to the one that starts the gateway, and returns those that are left."""
        here = run_here(page)
        first = next(i for i, command in enumerate(here) if command.endswith("facebus-gateway"))
        self.run_commands(here[:first], gateway)
        gateway.serve(here[first])
        return here[first + 1:]

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

    def copy_of_a_repository(self):
        """A folder `copy` where a camera was named, of a repository that has changed since."""
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
        theirs, mine = self.folder / "theirs", self.folder / "copy"

        def change(folder, old, new):
            file = folder / "deploy/compose/facebus.yaml"
            text = file.read_text()
            self.assertIn(old, text)
            file.write_text(text.replace(old, new))

        def save(words):
            for command in (["add", "."], ["commit", "-qm", words]):
                subprocess.run([*git, *command], cwd=theirs, check=True)

        shutil.copytree(ROOT / "deploy/compose", theirs / "deploy/compose")
        subprocess.run([*git, "init", "-q"], cwd=theirs, check=True)
        save("first")
        subprocess.run([*git, "clone", "-q", theirs, mine], check=True)
        change(mine, "cameras:\n", "cameras:\n  door: {source: rtsp://door.local/stream}\n")
        change(theirs, "engine: onnxruntime\n", "engine: onnxruntime\n  threads: 1\n")
        save("second")
        return mine / "deploy/compose/facebus.yaml"

    def test_those_of_operations_work_and_nothing_of_a_removed_person_is_left(self):
        need_tool("redis-cli")
        need_tool("git")
        system = self.running()
        settings = self.copy_of_a_repository()
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
            "git pull --autostash": "(cd copy; git pull --autostash)",
            "redis-cli": f"redis-cli -s {redis}", "127.0.0.1:9105": system.services["broker"].health,
            # She is removed by then, and what was seen of her with her.
            "facebus watch --stats --count 1 --since 1h": "timeout 3 facebus watch --stats --since 1h || [ $? = 124 ]"})
        for words in ("door.local", "threads: 1"):
            self.assertIn(words, settings.read_text())
        self.assertEqual(3, len(json.loads((self.folder / "alice.json").read_text())))
        seen = [json.loads(line) for line in (self.folder / "alice-seen.jsonl").read_text().splitlines()]
        self.assertEqual({"Alice"}, {each["subject"] for each in seen})
        self.assertIn("nobody of that name", ran.out)
        for key in shown:
            self.assertNotIn(key, ran.out)
        self.assertEqual(["door-1b.pub"], [file.name for file in (self.folder / "keys/allowed").iterdir()])
        self.assertRegex((self.folder / "api-keys").read_text(), r"^read \S+ panel-2\n$")

    def test_those_of_the_rest_api_do_what_the_page_says(self):
        gateway = self.filmed()
        for name, file in {"alice": OBAMA[0], "one": OBAMA[0], "two": OBAMA[1], "a1": OBAMA[2], "Bob": BIDEN}.items():
            shutil.copy(file, self.folder / f"{name}.jpg")
        side_by_side(self, "party.jpg", OBAMA[1], BIDEN)
        # One line for each answer, and a refusal is an end.
        (self.folder / ".curlrc").write_text('silent\nfail-with-body\nwrite-out = "\\n"\n')
        *asked, listen = self.serve_as_on("docs/rest.md", gateway)
        # It goes on until it is stopped.
        ran = self.run_commands([*asked, f"grep -m 1 '^data: ' < <({listen})"], gateway,
                                {"127.0.0.1:8000": gateway.address}, CURL_HOME=self.folder)
        added, named, same, faces, more, renamed, ignored, _, event = ran.out.splitlines()
        self.assertEqual("Alice", json.loads(added)["subject"])
        self.assertEqual(["Alice"], sorted(subject["subject"] for face in json.loads(named)["result"]
                                           for subject in face["subjects"]))
        self.assertEqual(2, len(json.loads(named)["result"]))
        (match,) = json.loads(same)["result"][0]["face_matches"]
        self.assertGreater(match["similarity"], match["threshold"])
        self.assertEqual([json.loads(added)["image_id"]], [face["image_id"] for face in json.loads(faces)["faces"]])
        self.assertEqual(["Alice", "Bob"], [face["subject"] for face in json.loads(more)["faces"]])
        self.assertTrue(json.loads(renamed)["updated"])
        self.assertTrue(json.loads(ignored)["ignored"])
        self.assertEqual("clip", json.loads(event.removeprefix("data: "))["camera"])
        # What was exported is all of that, and takes the passphrase.
        gateway.keys["admin"] = (self.folder / "me.key").read_text().strip()
        gateway.good(gateway.ask("DELETE", "/api/v1/recognition/subjects"))
        self.assertNotIn(b"Alice", (self.folder / "all.gallery").read_bytes())
        (self.folder / "passphrase").write_text("secret\n")
        read = gateway.facebus("gallery", "import", self.folder / "all.gallery", "--passphrase",
                               self.folder / "passphrase")
        self.assertEqual(0, read.code, read)
        self.assertEqual([("Alice B.", 2, False), ("Bob", 1, True)],
                         [(one["subject"], one["faces"], one["ignored"])
                          for one in gateway.good(gateway.ask("GET", f"{GALLERY}/subjects"))["subjects"]])

    def test_those_of_the_web_page_show_who_is_seen_to_who_has_the_key(self):
        gateway = self.filmed()
        gateway.enrol(carphone_frames(self), "--name", "Alice")
        self.assertEqual([], self.serve_as_on("docs/page.md", gateway))
        gateway.keys["me"] = (self.folder / "me.key").read_text().strip()
        page = gateway.ask("GET", "/", None)
        self.assertEqual((200, "text/html; charset=utf-8"), (page.status, page.headers["Content-Type"]))
        gateway.refused(gateway.ask("GET", LIVE, None), 401)
        while not (seen := [result for result in gateway.good(gateway.ask("GET", LIVE, "me"))["results"]
                            if result.get("subject") == "Alice"]):
            pass
        self.assertTrue(seen[0]["crop"].startswith("data:image/jpeg;base64,"))
        # Its role is enrol: more than read, less than admin.
        gateway.good(gateway.ask("PUT", f"{GALLERY}/subjects/Alice", "me", {"ignored": True}))
        gateway.refused(gateway.ask("DELETE", "/api/v1/recognition/subjects", "me"), 403)

    def test_those_of_the_quick_start_name_ones_own_people_in_ones_own_video(self):
        shutil.move(carphone_frames(self), self.folder / "people/Alice")
        (self.folder / "models").symlink_to(ROOT / "models")
        (self.folder / "cache/facebus").mkdir(parents=True)
        (self.folder / "cache/facebus/models").symlink_to(MODELS)
        (self.folder / "build/release").mkdir(parents=True)
        (self.folder / "build/release/bin").symlink_to(BIN)
        # What is built is there, and nothing is to be installed by a test.
        tools = self.folder / "tools"
        tools.mkdir()
        for tool in ("cmake", "apt-get", "sudo"):
            (tools / tool).write_text(f'#!/bin/sh\necho {tool} "$*" >>{self.folder}/calls\n')
            (tools / tool).chmod(0o755)
        ran = self.run_commands([f"PATH={tools}:$PATH", *run_here("docs/quickstart.md")], None,
                                {"/dev/video0": str(CARPHONE)})
        self.assertRegex(ran.out, r"known +Alice\b")
        self.assertTrue((self.folder / "facebus-demo/contact-sheet.jpg").exists())
        self.assertEqual(["cmake --preset release", "cmake --build build/release --target all"],
                         [call for call in (self.folder / "calls").read_text().splitlines() if "cmake" in call])

    def test_that_of_integration_tells_who_was_seen(self):
        result = json.loads(self.run_page("docs/integration.md", self.running()).out.splitlines()[0])
        self.assertEqual("Alice", result["subject"])

    def test_those_about_keys_figures_and_secrets_work(self):
        need_tool("promtool")
        for page in ("docs/security.md", "docs/monitoring.md"):
            with self.subTest(page):
                shutil.rmtree(self.folder / "keys", ignore_errors=True)
                self.run_page(page)

    def test_no_page_has_commands_that_nothing_runs(self):
        tested = {"README.md", *(f"docs/{name}.md" for name in (
            "integration", "monitoring", "operations", "page", "quickstart", "rest", "security"))}
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
