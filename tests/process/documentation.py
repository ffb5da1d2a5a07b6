"""The commands of the documentation: which there are, and how tests run them."""

import os
import re

from support import BIN, ROOT, ProcessTest

PAGES = ["README.md", "CONTRIBUTING.md", "schemas/README.md", "models/README.md",
         *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "docs").glob("**/*.md"))]


def commands(page, heading=None, number=None):
    """The commands of a page's shell blocks, or of one below a heading, without comments and what is read by them."""
    text = (ROOT / page).read_text()
    if heading:
        text = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.M | re.S)[1]
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    for block in blocks[number - 1:number] if number else blocks:
        block = re.sub(r"\\\n\s*", " ", block)
        block = re.sub(r"(<<'END')\n.*?^END$", r"\1", block, flags=re.M | re.S)
        for line in block.splitlines():
            line = re.sub(r"(^|\s+)# .*", "", line).strip()
            if line:
                yield line


class CommandsTest(ProcessTest):
    def run_commands(self, wanted, system=None, replaced=None, **environment):
        """Runs commands as they stand, but for what is replaced, in the folder of the test; returns how it ended."""
        script = "set -eux\n" + "\n".join(wanted) + "\n"
        for old, new in (replaced or {}).items():
            self.assertIn(old, script)
            script = script.replace(old, new)
        if not (self.folder / "deploy").exists():
            (self.folder / "deploy").symlink_to(ROOT / "deploy")
        start = dict(system.environment if system else self.environment())
        start.pop("NOTIFY_SOCKET", None)
        start |= {"PATH": f"{BIN}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(self.folder / "cache"),
                  "FACEBUS": str(BIN / "facebus"), "GIT_CONFIG_GLOBAL": "/dev/null"}
        ran = self.run_program(["bash", "-c", script], start | {key: str(value) for key, value in environment.items()})
        self.assertEqual(0, ran.code, ran)
        return ran

    def run_documented(self, page, command, **more):
        """Runs one command, which has to stand on that page."""
        self.assertIn(command, list(commands(page)))
        return self.run_commands([command], **more)
