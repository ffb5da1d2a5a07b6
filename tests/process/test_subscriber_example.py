"""The subscriber in README.md works as it stands there: ten lines of Python with nothing but
pyzmq and msgpack, against the running system."""

import re
import select
import subprocess
import sys
import unittest

import support
from images import carphone_frames
from support import CARPHONE, ROOT
from system import System

LINES = 10
ALLOWED = {"sys", "zmq", "msgpack"}


def example():
    """The first Python code in README.md."""
    file = ROOT / "README.md"
    if not file.exists():
        raise AssertionError(f"{file} is missing, and with it the example of a subscriber")
    block = re.search(r"^```python\n(.*?)^```", file.read_text(), re.S | re.M)
    if block is None:
        raise AssertionError(f"{file} has no ```python block with a subscriber")
    return block[1]


class SubscriberExampleTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def test_it_is_ten_lines_with_pyzmq_and_msgpack_only(self):
        code = example()
        self.assertLessEqual(len([line for line in code.splitlines() if line.strip()]), LINES)
        imported = {name.split(".")[0]
                    for line in re.findall(r"^(?:import|from) +(.*?)(?: +import.*)?$", code, re.M)
                    for name in re.split(", *", line)}
        self.assertEqual(ALLOWED, imported | {"sys"})

    def test_it_prints_the_name_of_the_man_when_he_is_seen(self):
        script = self.folder / "subscriber.py"
        script.write_text(example())
        system = System(self)
        system.start_redis()
        system.enrol("--name", "the man", carphone_frames(self))
        errors = self.folder / "subscriber.err"
        # Before the broker: it is connected long before the first result.
        with errors.open("wb") as file:
            subscriber = self.spawn([sys.executable, str(script), system.results],
                                    self.environment(PYTHONUNBUFFERED="1"), subprocess.PIPE, file)
        system.start_all()
        printed = ""
        while "the man" not in printed:
            system.replay(CARPHONE)  # again if it was not connected yet
            if select.select([subscriber.stdout], [], [], 1)[0]:
                line = subscriber.stdout.readline().decode()
                self.assertTrue(line, f"it ended: {errors.read_text()}")
                printed += line
        self.assertRegex(printed, r"(?m)^clip\b.*known.*the man.*0\.\d")


if __name__ == "__main__":
    unittest.main()
