"""Tests rules that the compiler does not check, such as which libraries may be included and how many files a
folder may have."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# For each library, the other libraries whose headers it may include.
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
# For each third-party library, given as the beginning of its headers' paths: the folders and files that may include it.
USERS = {
    "msgpack": ["libs/wire"],
    "zmq": ["libs/bus"],
    "opencv2/": ["libs/vision", "services/cli/adapt"],
    "zlib": ["libs/vision"],
    "hiredis": ["libs/gallery/redis"],
    "openssl/": ["libs/gallery/redis"],
    "utf8proc": ["libs/gallery/name.cpp"],
    "sodium": ["libs/crypto"],
    "yaml-cpp/": ["libs/service"],
    "boost/asio": ["libs/http"],
    "boost/beast": ["libs/http"],
    "curl/": ["libs/http"],
    "prometheus/": ["libs/base"],
    "mosquitto": ["services/gateway"],
}
INCLUDE = re.compile(r'^#include [<"]([^>"]+)[>"]', re.MULTILINE)


def sources(folder):
    return [path for path in (ROOT / folder).rglob("*") if path.suffix in (".cpp", ".hpp")]


class Architecture(unittest.TestCase):
    def test_libraries_include_only_allowed_libraries(self):
        for library, allowed in ALLOWED.items():
            files = sources(f"libs/{library}")
            self.assertTrue(files, library)
            for path in files:
                for include in INCLUDE.findall(path.read_text()):
                    included = include.split("/")[0]
                    if included in ALLOWED and included != library:
                        self.assertIn(included, allowed, f"{path} includes {include}")

    def test_only_allowed_folders_include_third_party_headers(self):
        for folder in ("libs", "services"):
            for path in sources(folder):
                for include in INCLUDE.findall(path.read_text()):
                    for headers, users in USERS.items():
                        if include.startswith(headers):
                            self.assertTrue(
                                any(path.is_relative_to(ROOT / user) for user in users), f"{path} includes {include}"
                            )

    def test_services_do_not_include_each_other(self):
        services = {main.parent.name for main in (ROOT / "services").glob("*/main.cpp")}
        self.assertIn("capture", services)
        for path in sources("services"):
            service = path.relative_to(ROOT / "services").parts[0]
            for include in INCLUDE.findall(path.read_text()):
                if service == "settings" and include.endswith("/options.hpp"):
                    continue  # services/settings reads all sections of facebus.yaml
                self.assertNotIn(include.split("/")[0], services - {service}, f"{path} includes {include}")

    def test_programs_accept_environment_variables_that_scripts_read(self):
        # Programs reject a variable FACEBUS_*, unless it sets a configuration key or is listed in config.cpp.
        text = (ROOT / "libs/service/config.cpp").read_text()
        known = set(re.findall(r'"(FACEBUS_[A-Z_]+)"', text)) | {"FACEBUS_MODELS"}  # sets the key `models`
        read = re.compile(r'(?:\$\{?|environ(?:\.get)?[\[(]"|getenv\(")(FACEBUS_[A-Z_]+)')
        names = set()
        for folder in (".ci", "deploy", "models", "tests", "tools"):
            for path in [ROOT / "compose.yaml", *(ROOT / folder).rglob("*")]:
                # In a CMake file, such a name is a variable of CMake, not of the environment.
                build_file = path.name == "CMakeLists.txt" or path.suffix in (".in", ".cmake")
                if path.is_file() and not build_file:
                    names.update(read.findall(path.read_text(errors="replace")))
        self.assertIn("FACEBUS_BIN", names)
        self.assertEqual(set(), names - known)

    def test_option_headers_do_not_include_bus_http_service_or_settings(self):
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

    def test_sources_do_not_sleep_or_ignore_exceptions(self):
        for folder in ("libs", "services", "tests/unit", "tests/stage", "tests/contract"):
            for path in sources(folder):
                text = path.read_text()
                self.assertNotRegex(text, r"sleep_for|usleep\(|\bsleep\(", path)
                self.assertNotRegex(text, r"catch \(\.\.\.\) \{\s*\}", path)


if __name__ == "__main__":
    unittest.main()
