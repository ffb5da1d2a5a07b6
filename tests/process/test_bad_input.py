"""Tests of errors at startup and of rejected photos. If a program cannot start, its last line on standard error states
what is wrong and what to do. Services may print log lines before it. Most tests are tables of commands, exit codes and
patterns that this line must match."""

import dataclasses
import os
import socket
import struct
import unittest
import zlib

import support
import system
from images import ffmpeg_image
from support import CARPHONE, DEMO, MODELS, log_fields, program

USAGE, INPUT, UNAVAILABLE, CONFIG = 64, 65, 69, 78
NOWHERE = "unix:///nonexistent/redis"
OBAMA = DEMO / "photos/barack_obama/obama.jpg"
BIDEN = DEMO / "photos/joe_biden/biden.jpg"
SERVICES = tuple(f"facebus-{name}" for name in system.SERVICES)
WITH_MODELS = ("facebus-recognize", "facebus-detect-align")


@dataclasses.dataclass
class Case:
    """A command that fails, with its environment variables and its facebus.yaml. The last line on standard error must
    match each of the patterns."""

    name: str
    command: list
    code: int
    patterns: tuple
    environment: dict = dataclasses.field(default_factory=dict)
    yaml: str | None = None


def grey_png(file, width=320, height=240):
    """Writes an image without a face (a gradient) and returns the file."""
    rows = b"".join(b"\0" + bytes((x + y) // 4 % 256 for x in range(width)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return file


class BadInputTest(support.ProcessTest):
    limit = 300

    @classmethod
    def setUpClass(cls):
        support.need_programs()

    def check(self, cases):
        """Runs the commands. Checks their exit codes and standard error, and that they leave no processes and no
        temporary files behind."""
        for case in cases:
            with self.subTest(case.name):
                environment = {**system.local_addresses(self.folder), **case.environment}
                if case.yaml is not None:
                    file = self.folder / "facebus.yaml"
                    file.write_text(case.yaml)
                    environment["FACEBUS_CONFIG"] = file
                command = [program(case.command[0]), *case.command[1:]]
                result = self.run_program(command, self.environment(**environment))
                self.assertEqual(case.code, result.code, result)
                self.assert_one_line(case.command[0], result)
                for pattern in case.patterns:
                    self.assertRegex(result.err_lines[-1], pattern)
                self.assertEqual({}, self.processes_left())
                self.assertEqual([], list(self.scratch.iterdir()))

    def assert_one_line(self, name, result):
        """Asserts that standard error is one line of plain text. For services, log lines may precede it."""
        lines = result.err_lines
        self.assertTrue(lines, result)
        before = lines[:-1]
        if name != "facebus":
            before = [line for line in before if log_fields(line) is None]
        self.assertEqual([], before, "more than one line on standard error")
        self.assertIsNone(log_fields(lines[-1]), "not plain text")
        self.assertRegex(lines[-1], r"^[a-z-]+: \S")
        for word in ("unexpected", "terminate", "what()", "Exception", "Aborted"):
            self.assertNotIn(word, lines[-1])

    def test_errors_about_arguments_refer_to_help(self):
        helps = r"--help"
        self.check([
            Case("unknown flag of facebus", ["facebus", "--frobnicate"], USAGE, (helps,)),
            *(Case(f"unknown flag of {name}", [name, "--frobnicate"], USAGE, ("frobnicate", helps))
              for name in SERVICES),
            *(Case(f"stray argument of {name}", [name, "now"], USAGE, ("now", helps))
              for name in SERVICES),
            Case("unknown subcommand", ["facebus", "frobnicate"], USAGE, ("frobnicate", helps)),
            Case("no command", ["facebus"], USAGE, ("no command", helps)),
            Case("unknown gallery command", ["facebus", "gallery", "steal"], USAGE,
                 ("steal|subcommand", helps)),
            Case("unknown flag of a command", ["facebus", "demo", "--frobnicate"], USAGE,
                 ("frobnicate", helps)),
            Case("a missing argument", ["facebus", "gallery", "add"], USAGE, ("paths", helps)),
            Case("a number of workers that is not a number", ["facebus", "demo", "--workers", "many"], USAGE,
                 ("workers", "many", helps)),
            Case("no workers", ["facebus", "demo", "--workers", "0"], USAGE, ("workers", helps)),
        ])

    def test_configuration_errors_state_the_location_and_the_problem(self):
        at = r"/facebus\.yaml:{}: ".format
        self.check([
            Case("unknown key", ["facebus-broker"], CONFIG,
                 (at(2), r"broker\.queu\b", r"did you mean broker\.queue\?"),
                 yaml="broker:\n  queu: 5\n"),
            Case("unknown section", ["facebus-broker"], CONFIG, (at(1), "did you mean broker"),
                 yaml="brokr:\n  queue: 5\n"),
            Case("a key that is not similar to any known key", ["facebus-broker"], CONFIG,
                 (at(3), "frobnicate", "facebus check --defaults"),
                 yaml="broker:\n  queue: 5\nfrobnicate: 1\n"),
            Case("unknown key of a camera", ["facebus-capture"], CONFIG,
                 (at(4), r"did you mean cameras\.door\.loop\?"),
                 yaml="cameras:\n  door:\n    source: a.mp4\n    lop: true\n"),
            Case("a value that is not a number", ["facebus-broker"], CONFIG,
                 (at(2), r"broker\.queue", '"many"', "an integer from 1 to"),
                 yaml="broker:\n  queue: many\n"),
            Case("a number out of range", ["facebus-recognize"], CONFIG,
                 (at(3), r"recognize\.margin", "from 0 to 2"),
                 yaml="# a comment\nrecognize:\n  margin: 3\n"),
            Case("an invalid choice", ["facebus-capture"], CONFIG,
                 (at(4), "pace", "auto, live, lossless"),
                 yaml="cameras:\n  door:\n    source: a.mp4\n    pace: slow\n"),
            Case("an invalid boolean", ["facebus-track"], CONFIG, (at(2), "is not one of true, false"),
                 yaml="track:\n  publish_positions: maybe\n"),
            Case("a list instead of a value", ["facebus-broker"], CONFIG, (at(2), "single value"),
                 yaml="broker:\n  queue: [1, 2]\n"),
            Case("a duplicate key", ["facebus-broker"], CONFIG, (at(3), "duplicate key"),
                 yaml="broker:\n  queue: 1\n  queue: 2\n"),
            Case("bad YAML", ["facebus-broker"], CONFIG, (at(r"\d+"),),
                 yaml="broker:\n  queue: [1, 2\nredis: {\n"),
            Case("a tab in YAML", ["facebus", "check"], CONFIG, (at(2),),
                 yaml="broker:\n\tqueue: 1\n"),
            Case("text instead of a mapping", ["facebus-broker"], CONFIG, (at(1), "mapping"),
                 yaml="hello\n"),
            *(Case(f"unknown variable of {name[0]}", list(name), CONFIG,
                   ("environment: unknown variable FACEBUS_BROKER_QUEU;", "did you mean FACEBUS_BROKER_QUEUE[?]"),
                   {"FACEBUS_BROKER_QUEU": "5"})
              for name in (("facebus-broker",), ("facebus-motion",), ("facebus", "gallery", "list"))),
            Case("a camera name that cannot be a topic", ["facebus-capture"], CONFIG,
                 (at(2), "front door", "letters"), yaml="cameras:\n  front door:\n    source: a\n"),
            Case("a camera without a source", ["facebus-capture"], CONFIG, (r"cameras\.door", "source"),
                 yaml="cameras:\n  door:\n    loop: true\n"),
            Case("no camera", ["facebus-capture"], CONFIG, ("no camera", "cameras:"), yaml=""),
            Case("an invalid value in the environment", ["facebus-broker"], CONFIG,
                 ("FACEBUS_BROKER_QUEUE", "an integer"), {"FACEBUS_BROKER_QUEUE": "-3"}),
            Case("a configuration that does not exist, with a service", ["facebus-broker", "--config", "/no/such.yaml"],
                 CONFIG, ("/no/such.yaml", "check its name")),
            Case("a configuration that does not exist, with the command facebus",
                 ["facebus", "--config", "/no/such.yaml", "check"], CONFIG,
                 ("/no/such.yaml", "check its name")),
            Case("a health address without a port", ["facebus-broker"], CONFIG,
                 (r"broker\.health", "host:port"), {"FACEBUS_BROKER_HEALTH": "localhost"}),
            Case("an invalid endpoint", ["facebus-broker"], CONFIG, (r"broker\.results", "bus"),
                 {"FACEBUS_BROKER_RESULTS": "bus"}),
            Case("an invalid Redis URL", ["facebus", "gallery", "list"], CONFIG, ("redis",),
                 {"FACEBUS_REDIS_URL": "http://localhost"}),
        ])

    def test_errors_about_missing_or_corrupt_models_refer_to_models_prepare(self):
        support.need_models()
        empty = self.folder / "empty"
        empty.mkdir()
        corrupt = self.folder / "corrupt"
        corrupt.mkdir()
        for file in MODELS.iterdir():
            (corrupt / file.name).symlink_to(file)
        for name in ("facenet.onnx", "pnet.onnx"):
            (corrupt / name).unlink()
            whole = (MODELS / name).read_bytes()
            (corrupt / name).write_bytes(whole[:len(whole) // 2])
        cases = []
        for folder in ("/nonexistent/models", empty, corrupt):
            more = {"FACEBUS_MODELS": folder}
            cases += [Case(f"{name} with {folder}", [name], UNAVAILABLE,
                           (r"\.onnx", str(folder), "models/prepare"), more) for name in WITH_MODELS]
            cases.append(Case(f"demo with {folder}", ["facebus", "demo", "--source", str(CARPHONE),
                                                      "--output", str(self.folder / "out")],
                              UNAVAILABLE, (r"\.onnx", str(folder), "models/prepare"), more))
        cases.append(Case("demo without the demo clip",
                          ["facebus", "demo", "--output", str(self.folder / "out")], UNAVAILABLE,
                          ("carphone", "models/prepare|--source"), {"FACEBUS_MODELS": empty}))
        self.check_with_demo(cases)

    def check_with_demo(self, cases):
        """Does the same as check(), but allows the command `facebus demo` to print other lines before the error."""
        demo = [case for case in cases if case.command[1:2] == ["demo"]]
        self.check([case for case in cases if case not in demo])
        for case in demo:
            with self.subTest(case.name):
                result = self.run_program([program("facebus"), *case.command[1:]],
                                          self.environment(**case.environment))
                self.assertEqual(case.code, result.code, result)
                errors = [line for line in result.err_lines if line.startswith("facebus: ")]
                self.assertEqual(errors, result.err_lines[-1:], result)
                for pattern in case.patterns:
                    self.assertRegex(errors[0], pattern)
                self.assertEqual({}, self.processes_left())
                self.assertEqual([], list(self.scratch.iterdir()))

    def test_reports_the_name_of_an_unreadable_source(self):
        support.need_models()
        noise = self.folder / "noise.mp4"
        noise.write_bytes(os.urandom(100_000))
        cut = self.folder / "cut.mp4"
        cut.write_bytes(CARPHONE.read_bytes()[:2000])
        empty = self.folder / "empty.mp4"
        empty.write_bytes(b"")
        folder = self.folder / "no-images"
        folder.mkdir()
        cases = []
        for name, source, code in (("a file that does not exist", "/no/such.mp4", UNAVAILABLE),
                                   ("random bytes", noise, INPUT), ("the beginning of a video", cut, INPUT),
                                   ("an empty file", empty, INPUT),
                                   ("a folder without images", folder, INPUT)):
            cases.append(Case(f"capture: {name}", ["facebus-capture"], code, (str(source),),
                              {"FACEBUS_CAMERAS_DOOR_SOURCE": source}))
            cases.append(Case(f"demo: {name}",
                              ["facebus", "demo", "--source", str(source), "--output",
                               str(self.folder / "out")], code, (str(source),)))
        cases.append(Case("demo: no such device", ["facebus", "demo", "--source", "/dev/video99",
                                                   "--output", str(self.folder / "out")],
                          UNAVAILABLE, ("/dev/video99",)))
        self.check(cases)

    def test_reports_an_output_folder_that_cannot_be_created(self):
        support.need_models()
        self.check([Case(command, ["facebus", command, *source, str(CARPHONE), "--output", "/proc/none"],
                         UNAVAILABLE, ("cannot create /proc/none",))
                    for command, source in (("demo", ["--source"]), ("collect", []))])

    def test_reports_the_address_of_redis_if_it_is_unavailable(self):
        support.need_models()
        nowhere = {"FACEBUS_REDIS_URL": NOWHERE}
        patterns = ("(?i)redis", "/nonexistent/redis", "redis.url|start|running")
        self.check([
            Case("recognize", ["facebus-recognize"], UNAVAILABLE, patterns, nowhere),
            Case("gallery list", ["facebus", "gallery", "list"], UNAVAILABLE, patterns, nowhere),
            Case("gallery add", ["facebus", "gallery", "add", str(OBAMA)], UNAVAILABLE, patterns, nowhere),
            Case("gallery show", ["facebus", "gallery", "show", "a"], UNAVAILABLE, patterns, nowhere),
            Case("gallery remove", ["facebus", "gallery", "remove", "a"], UNAVAILABLE, patterns, nowhere),
        ])

    def test_reports_address_and_setting_if_a_port_is_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.check([
                Case("health", ["facebus-broker"], UNAVAILABLE, (address, r"broker\.health", "in use"),
                     {"FACEBUS_BROKER_HEALTH": address}),
                *(Case(key, ["facebus-broker"], UNAVAILABLE, (address, rf"broker\.{key}", "in use"),
                       {f"FACEBUS_BROKER_{key.upper()}": f"tcp://{address}",
                        "FACEBUS_BUS_ALLOW_UNENCRYPTED": "loopback"})
                  for key in ("probes", "workers", "results")),
                Case("input", ["facebus-motion"], UNAVAILABLE, (address, r"motion\.input", "in use"),
                     {"FACEBUS_MOTION_INPUT": f"tcp://{address}", "FACEBUS_BUS_ALLOW_UNENCRYPTED": "loopback"}),
            ])


class BadPhotoTest(support.ProcessTest):
    """Rejected photos and other unusable arguments of `facebus gallery`. For each, the command prints one line on
    standard error. A rejected photo is not stored."""

    @classmethod
    def setUpClass(cls):
        support.need_system()

    def setUp(self):
        super().setUp()
        self.system = system.System(self)
        self.system.start_redis()

    def assert_rejected(self, photo, why):
        """Asserts that `facebus gallery add` exits with code 65, prints one line with the file name and a reason that
        matches `why`, and stores nothing."""
        result = self.system.facebus("gallery", "add", "--name", "alice", photo)
        self.assertEqual(65, result.code, result)
        self.assertEqual(1, len(result.err_lines), result)
        self.assertIn(str(photo), result.err)
        self.assertIn("alice", result.err)
        self.assertRegex(result.err, why)
        self.assertIn("0 samples added, 1 file rejected", result.out)
        self.assertEqual("[]", self.system.facebus("gallery", "list", "--json").out.strip())

    def test_a_photo_without_a_face_is_rejected(self):
        self.assert_rejected(grey_png(self.folder / "nobody.png"), "no face")

    def test_a_photo_of_two_people_is_rejected(self):
        two = ffmpeg_image(self, "two.png", "-i", OBAMA, "-i", BIDEN, "-filter_complex",
                             "[0]crop=iw:iw,scale=400:400[a];[1]crop=iw:iw:0:0,scale=400:400[b];"
                             "[a][b]hstack")
        self.assert_rejected(two, "2 faces")

    def test_a_small_face_is_rejected(self):
        small = ffmpeg_image(self, "small.png", "-i", OBAMA, "-vf", "scale=80:-1,pad=320:240:100:60")
        self.assert_rejected(small, "too small.* required")

    def test_a_blurred_face_is_rejected(self):
        blurred = ffmpeg_image(self, "blurred.png", "-i", OBAMA, "-vf", "scale=300:-1,gblur=sigma=12")
        self.assert_rejected(blurred, "blurred|too low.*sharpness")

    def test_a_file_that_is_not_an_image_is_rejected(self):
        noise = self.folder / "noise.jpg"
        noise.write_bytes(os.urandom(10_000))
        self.assert_rejected(noise, "not a valid JPEG")

    def test_a_truncated_image_is_rejected(self):
        half = self.folder / "half.jpg"
        whole = OBAMA.read_bytes()
        for size in (len(whole) // 2, 20_000, 100):  # the two smaller parts do not contain the image size
            with self.subTest(size=size):
                half.write_bytes(whole[:size])
                self.assert_rejected(half, "is truncated")

    def test_good_photos_are_enrolled_despite_bad_ones(self):
        folder = self.folder / "barack"
        folder.mkdir()
        (folder / "absent.jpg").symlink_to("nowhere.jpg")
        (folder / "good.jpg").symlink_to(OBAMA)
        grey_png(folder / "nobody.png")
        result = self.system.facebus("gallery", "add", folder)
        self.assertEqual(65, result.code, result)
        self.assertIn("1 sample added, 2 files rejected", result.out)
        self.assertEqual(2, len(result.err_lines), result)

    def test_reports_missing_and_unreadable_paths_and_folders_without_images(self):
        loop = self.folder / "loop"
        loop.symlink_to(loop)
        for path in ("/no/such/folder", loop, self.folder / "tmp"):
            with self.subTest(path=path):
                result = self.system.facebus("gallery", "add", path)
                self.assertEqual(69, result.code, result)
                self.assertEqual(1, len(result.err_lines), result)
                self.assertIn(str(path), result.err)

    def test_reports_the_name_of_a_person_who_is_not_enrolled(self):
        for command in ("show", "remove"):
            with self.subTest(command=command):
                result = self.system.facebus("gallery", command, "nobody-of-this-name")
                self.assertEqual(65, result.code, result)
                self.assertEqual(1, len(result.err_lines), result)
                self.assertIn("nobody-of-this-name", result.err)


if __name__ == "__main__":
    unittest.main()
