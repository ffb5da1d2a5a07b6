"""Runs the example subscriber in README.md verbatim: at most ten lines of Python that need only pyzmq and msgpack."""

import re
import select
import subprocess
import sys
import unittest

import support
from images import carphone_frames
from support import CARPHONE, ROOT
from system import System, msgpack, zmq

LINES = 10
ALLOWED = {"sys", "zmq", "msgpack"}


def example():
    """Returns the first Python block of README.md."""
    file = ROOT / "README.md"
    if not file.exists():
        raise AssertionError(f"{file} with the example subscriber is missing")
    block = re.search(r"^```python\n(.*?)^```", file.read_text(), re.S | re.M)
    if block is None:
        raise AssertionError(f"{file} has no ```python block with the example subscriber")
    return block[1]


class SubscriberExampleTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def test_the_example_has_at_most_ten_lines_and_imports_only_sys_zmq_and_msgpack(self):
        code = example()
        self.assertLessEqual(len([line for line in code.splitlines() if line.strip()]), LINES)
        imported = {name.split(".")[0]
                    for line in re.findall(r"^(?:import|from) +(.*?)(?: +import.*)?$", code, re.M)
                    for name in re.split(", *", line)}
        self.assertEqual(ALLOWED, imported | {"sys"})

    def test_the_example_survives_a_text_that_is_not_utf8(self):
        """The broker rejects such a message. The publisher of this test simulates a broker of an earlier version, which
        did not."""
        script = self.folder / "subscriber.py"
        script.write_text(example())
        context = zmq.Context()
        self.addCleanup(context.destroy, linger=0)
        publisher = context.socket(zmq.XPUB)
        publisher.bind(f"ipc://{self.folder / 'results'}")
        errors = self.folder / "subscriber.err"
        with errors.open("wb") as file:
            subscriber = self.spawn([sys.executable, str(script), f"ipc://{self.folder / 'results'}"],
                                    self.environment(PYTHONUNBUFFERED="1"), subprocess.PIPE, file)
        self.assertEqual(b"\x01identity.", publisher.recv())
        header = msgpack.packb({"src": "door", "track": "#", "decision": "unknown"}).replace(b"\xa1#", b"\xa1\xff")
        for name in ("door", "yard"):
            publisher.send_multipart([b"identity.door", header.replace(b"door", name.encode()), b""])
        lines = [subscriber.stdout.readline().decode() for _ in range(2)]
        self.assertEqual(["door unknown - 0\n", "yard unknown - 0\n"], lines, errors.read_text())

    def test_the_example_prints_the_name_of_a_recognised_person(self):
        script = self.folder / "subscriber.py"
        script.write_text(example())
        system = System(self)
        system.start_redis()
        system.enrol("--name", "the man", carphone_frames(self))
        errors = self.folder / "subscriber.err"
        # Starts the subscriber before the broker, so that it is usually connected before the first result.
        with errors.open("wb") as file:
            subscriber = self.spawn([sys.executable, str(script), system.results],
                                    self.environment(PYTHONUNBUFFERED="1"), subprocess.PIPE, file)
        system.start_all()
        printed = ""
        while "the man" not in printed:
            # Usually the first pass is enough. Further passes help if the subscriber was not connected in time.
            system.replay(CARPHONE)
            if select.select([subscriber.stdout], [], [], 1)[0]:
                line = subscriber.stdout.readline().decode()
                self.assertTrue(line, f"the subscriber exited: {errors.read_text()}")
                printed += line
        self.assertRegex(printed, r"(?m)^clip\b.*known.*the man.*0\.\d")


if __name__ == "__main__":
    unittest.main()
