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
    "crypto": {"base"},
    "http": {"base"},
    "vision": {"base"},
    "gallery": {"base", "crypto"},
    "service": {"base", "wire", "bus", "http"},
}
# The libraries, or the service, that may include a third party.
OWNERS = {
    "msgpack": ["libs/wire"],
    "zmq": ["libs/bus"],
    "opencv2/": ["libs/vision"],
    "onnxruntime": ["libs/vision"],
    "hiredis": ["libs/gallery/redis"],
    "openssl/": ["libs/crypto", "libs/gallery/redis"],
    "sodium": ["libs/crypto"],
    "yaml-cpp/": ["libs/service"],
    "httplib": ["libs/http", "libs/service/health.cpp"],
    "prometheus/": ["libs/base"],
    "mosquitto": ["services/gateway"],
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

    def test_each_third_party_stays_in_its_library(self):
        for folder in ("libs", "services"):
            for path in sources(folder):
                for include in INCLUDE.findall(path.read_text()):
                    for third_party, owners in OWNERS.items():
                        if include.startswith(third_party):
                            self.assertTrue(
                                any(path.is_relative_to(ROOT / owner) for owner in owners), f"{path} includes {include}"
                            )

    def test_no_service_includes_another(self):
        services = {main.parent.name for main in (ROOT / "services").glob("*/main.cpp")}
        self.assertIn("capture", services)
        for path in sources("services"):
            own = path.relative_to(ROOT / "services").parts[0]
            for include in INCLUDE.findall(path.read_text()):
                if own == "settings" and include.endswith("/options.hpp"):
                    continue  # the one place that puts all sections of facebus.yaml together
                self.assertNotIn(include.split("/")[0], services - {own}, f"{path} includes {include}")

    def test_the_programs_accept_the_variables_that_scripts_and_tests_read(self):
        text = (ROOT / "libs/service/config.cpp").read_text()
        known = set(re.findall(r'"(FACEBUS_[A-Z_]+)"', text)) | {"FACEBUS_MODELS"}  # which is a key
        read = re.compile(r'(?:\$\{?|environ(?:\.get)?[\[(]"|getenv\(")(FACEBUS_[A-Z_]+)')
        names = set()
        for folder in (".ci", "deploy", "models", "tests", "tools"):
            for path in [ROOT / "compose.yaml", *(ROOT / folder).rglob("*")]:
                built = path.name == "CMakeLists.txt" or path.suffix in (".in", ".cmake")
                if path.is_file() and not built:
                    names.update(read.findall(path.read_text(errors="replace")))
        self.assertIn("FACEBUS_BIN", names)
        self.assertEqual(set(), names - known)

    def test_options_depend_on_nothing_that_runs(self):
        for path in (ROOT / "services").rglob("options.hpp"):
            for include in INCLUDE.findall(path.read_text()):
                self.assertNotRegex(include, r"^(service|bus|settings|http)/", path)

    def test_each_service_has_a_namespace_of_its_own(self):
        for path in sources("services"):
            parts = path.relative_to(ROOT / "services").parts
            if len(parts) > 1 and parts[-1] != "main.cpp":
                self.assertIn(f"\nnamespace facebus::{parts[0].replace('-', '_')}", path.read_text(), path)

    def test_a_folder_has_some_twenty_files_at_most(self):
        for folder in ("libs", "services"):
            for each in (ROOT / folder).rglob("*"):
                if each.is_dir() and each.name != "__pycache__":
                    count = sum(1 for file in each.iterdir() if file.is_file())
                    self.assertLessEqual(count, 24, each)

    def test_mains_stay_thin(self):
        for path in (ROOT / "services").glob("*/main.cpp"):
            self.assertLessEqual(len(path.read_text().splitlines()), 60, path)

    def test_no_file_holds_a_bare_sleep_or_swallows_an_exception(self):
        for folder in ("libs", "services", "tests/unit", "tests/stage", "tests/contract"):
            for path in sources(folder):
                text = path.read_text()
                self.assertNotRegex(text, r"sleep_for|usleep\(|\bsleep\(", path)
                self.assertNotRegex(text, r"catch \(\.\.\.\) \{\s*\}", path)


if __name__ == "__main__":
    unittest.main()
