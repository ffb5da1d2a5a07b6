"""The house rules that a compiler does not see: who may include what."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A library may include its own headers and those of the libraries named here.
MAY_INCLUDE = {
    "base": set(),
    "wire": {"base"},
    "bus": {"base", "wire"},
    "vision": {"base"},
    "gallery": {"base"},
    "service": {"base", "wire", "bus"},
}
# The one library, or service, that may include a third party.
OWNERS = {
    "msgpack": "wire",
    "zmq": "bus",
    "opencv2/": "vision",
    "onnxruntime": "vision",
    "hiredis": "gallery",
    "openssl/": "gallery",
    "sodium": "gallery",
    "yaml-cpp/": "service",
    "httplib": "service",
    "prometheus/": "base",
    "mosquitto": "services/gateway",
}
INCLUDE = re.compile(r'^#include [<"]([^>"]+)[>"]', re.MULTILINE)


def sources(folder):
    return [path for path in (ROOT / folder).rglob("*") if path.suffix in (".cpp", ".hpp")]


class Architecture(unittest.TestCase):
    def test_libraries_include_only_what_is_below_them(self):
        for library, below in MAY_INCLUDE.items():
            files = sources(f"libs/{library}")
            self.assertTrue(files, library)
            for path in files:
                for include in INCLUDE.findall(path.read_text()):
                    first = include.split("/")[0]
                    if first in MAY_INCLUDE and first != library:
                        self.assertIn(first, below, f"{path} includes {include}")

    def test_each_third_party_has_one_owner(self):
        for folder in ("libs", "services"):
            for path in sources(folder):
                for include in INCLUDE.findall(path.read_text()):
                    for third_party, owner in OWNERS.items():
                        if include.startswith(third_party):
                            folder_of_owner = owner if "/" in owner else f"libs/{owner}"
                            self.assertIn(
                                f"{folder_of_owner}/", str(path), f"{path} includes {include}"
                            )

    def test_mains_stay_thin(self):
        for path in (ROOT / "services").glob("*/main.cpp"):
            self.assertLessEqual(len(path.read_text().splitlines()), 260, path)

    def test_no_file_holds_a_bare_sleep_or_swallows_an_exception(self):
        for folder in ("libs", "services", "tests/unit", "tests/stage", "tests/contract"):
            for path in sources(folder):
                text = path.read_text()
                self.assertNotRegex(text, r"sleep_for|usleep\(|\bsleep\(", path)
                self.assertNotRegex(text, r"catch \(\.\.\.\) \{\s*\}", path)


if __name__ == "__main__":
    unittest.main()
