"""Rules that the compiler does not check: allowed includes, sizes and namespaces."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The libraries whose headers a library may include, besides its own.
ALLOWED = {
    "base": set(),
    "wire": {"base"},
    "bus": {"base", "wire"},
    "crypto": {"base"},
    "http": {"base"},
    "vision": {"base"},
    "gallery": {"base", "crypto"},
    "service": {"base", "wire", "bus", "http"},
}
# The folders or files that may include the headers of a third party.
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
    def test_libraries_include_only_lower_libraries(self):
        for library, allowed in ALLOWED.items():
            files = sources(f"libs/{library}")
            self.assertTrue(files, library)
            for path in files:
                for include in INCLUDE.findall(path.read_text()):
                    first = include.split("/")[0]
                    if first in ALLOWED and first != library:
                        self.assertIn(first, allowed, f"{path} includes {include}")

    def test_third_party_headers_stay_in_their_library(self):
        for folder in ("libs", "services"):
            for path in sources(folder):
                for include in INCLUDE.findall(path.read_text()):
                    for third_party, owners in OWNERS.items():
                        if include.startswith(third_party):
                            self.assertTrue(
                                any(path.is_relative_to(ROOT / owner) for owner in owners), f"{path} includes {include}"
                            )

    def test_services_do_not_include_each_other(self):
        services = {main.parent.name for main in (ROOT / "services").glob("*/main.cpp")}
        self.assertIn("capture", services)
        for path in sources("services"):
            own = path.relative_to(ROOT / "services").parts[0]
            for include in INCLUDE.findall(path.read_text()):
                if own == "settings" and include.endswith("/options.hpp"):
                    continue  # it assembles all sections of facebus.yaml
                self.assertNotIn(include.split("/")[0], services - {own}, f"{path} includes {include}")

    def test_programs_accept_all_environment_variables_that_scripts_read(self):
        text = (ROOT / "libs/service/config.cpp").read_text()
        known = set(re.findall(r'"(FACEBUS_[A-Z_]+)"', text)) | {"FACEBUS_MODELS"}  # a config key
        read = re.compile(r'(?:\$\{?|environ(?:\.get)?[\[(]"|getenv\(")(FACEBUS_[A-Z_]+)')
        names = set()
        for folder in (".ci", "deploy", "models", "tests", "tools"):
            for path in [ROOT / "compose.yaml", *(ROOT / folder).rglob("*")]:
                build_file = path.name == "CMakeLists.txt" or path.suffix in (".in", ".cmake")
                if path.is_file() and not build_file:
                    names.update(read.findall(path.read_text(errors="replace")))
        self.assertIn("FACEBUS_BIN", names)
        self.assertEqual(set(), names - known)

    def test_options_do_not_depend_on_the_runtime(self):
        for path in (ROOT / "services").rglob("options.hpp"):
            for include in INCLUDE.findall(path.read_text()):
                self.assertNotRegex(include, r"^(service|bus|settings|http)/", path)

    def test_each_service_has_its_own_namespace(self):
        for path in sources("services"):
            parts = path.relative_to(ROOT / "services").parts
            if len(parts) > 1 and parts[-1] != "main.cpp":
                self.assertIn(f"\nnamespace facebus::{parts[0].replace('-', '_')}", path.read_text(), path)

    def test_folders_have_at_most_24_files(self):
        for root in ("libs", "services"):
            for folder in (ROOT / root).rglob("*"):
                if folder.is_dir() and folder.name != "__pycache__":
                    count = sum(1 for file in folder.iterdir() if file.is_file())
                    self.assertLessEqual(count, 24, folder)

    def test_main_files_have_at_most_60_lines(self):
        for path in (ROOT / "services").glob("*/main.cpp"):
            self.assertLessEqual(len(path.read_text().splitlines()), 60, path)

    def test_sources_neither_sleep_nor_swallow_exceptions(self):
        for folder in ("libs", "services", "tests/unit", "tests/stage", "tests/contract"):
            for path in sources(folder):
                text = path.read_text()
                self.assertNotRegex(text, r"sleep_for|usleep\(|\bsleep\(", path)
                self.assertNotRegex(text, r"catch \(\.\.\.\) \{\s*\}", path)


if __name__ == "__main__":
    unittest.main()
