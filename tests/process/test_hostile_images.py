"""Damaged, huge and unusual images are either read correctly or rejected, in bounded memory."""

import json
import os
import shutil
import struct
import subprocess
import unittest
import zlib

import support
from support import DATA, DEMO, need_data, program
from system import System

HARD = DATA / "hard"
MEMORY_LIMIT = 3 << 29  # bytes (1.5 GiB) for analysing any image, as stated in docs/security.md
MAX_SIDE = 8000         # side of the largest square image that is accepted, in pixels


def png(width, height, row):
    """Returns a PNG with `height` identical rows, each with the RGB pixels `row`, compressed as far as possible."""
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body +
                struct.pack(">I", zlib.crc32(kind + body)))

    packer = zlib.compressobj(9)
    pixels = b"".join([*(packer.compress(b"\0" + row) for _ in range(height)), packer.flush()])
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


class HostileImages(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_programs()
        support.need_models()

    def detect(self, *files):
        """Runs `facebus detect`. Returns its results by file, the rejected files, and its peak memory in bytes."""
        out, err = self.folder / "out", self.folder / "err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen([program("facebus"), "detect", "--json", *files], stdout=stdout,
                                       stderr=stderr, env=self.environment())
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        results = {}
        for line in out.read_text().splitlines():
            image = json.loads(line)
            results[image["file"]] = image
        rejected = {str(file) for file in files if f"{file} " in err.read_text()}
        self.assertIn(process.returncode, (0, 65), err.read_text())
        return results, rejected, usage.ru_maxrss * 1024

    def test_every_difficult_file_is_read_or_rejected_in_bounded_memory(self):
        need_data()
        files = sorted(str(file) for file in HARD.rglob("*") if file.is_file() and file.suffix != ".txt")
        results, rejected, memory = self.detect(*files)
        self.assertEqual(set(files), set(results) | rejected)
        self.assertEqual(set(), set(results) & rejected)
        self.assertLess(memory, MEMORY_LIMIT)
        for word in ("truncated", "shortfile", "empty", "corrupted"):
            damaged = {file for file in files if word in os.path.basename(file) and "exif" not in file
                       and "app14" not in file}
            self.assertTrue(damaged)
            self.assertEqual(set(), damaged - rejected)

    def test_finds_a_face_at_the_same_position_in_every_encoding(self):
        need_data()
        names = ["hopper.png", "hopper.bmp", "hopper.ppm", "hopper_gray.jpg", "hopper_16bit.pgm",
                 "hopper_webp.png", *(f"hopper_orientation_{n}.{kind}" for n in (5, 6, 7, 8)
                                      for kind in ("jpg", "webp")), "hopper_orientation_2.jpg"]
        files = [str(HARD / "pillow" / name) for name in names]
        results, _, _ = self.detect(*files)
        x, y, width, height = results[files[0]]["faces"][0]["box"]
        for file in files:
            with self.subTest(file=os.path.basename(file)):
                self.assertEqual(1, len(results[file]["faces"]))
                box = results[file]["faces"][0]["box"]
                self.assertLess(abs(box[0] + box[2] / 2 - x - width / 2), 8)
                self.assertLess(abs(box[1] + box[3] / 2 - y - height / 2), 8)

    def test_rejects_a_decompression_bomb_and_reads_the_largest_accepted_image_in_bounded_memory(self):
        bomb, largest = self.folder / "bomb.png", self.folder / "largest.png"
        bomb.write_bytes(png(MAX_SIDE, MAX_SIDE + 1, bytes(3 * MAX_SIDE)))
        largest.write_bytes(png(MAX_SIDE, MAX_SIDE, bytes(3 * MAX_SIDE)))
        self.assertLess(largest.stat().st_size, 1_000_000)
        results, rejected, memory = self.detect(str(bomb), str(largest))
        self.assertEqual({str(bomb)}, rejected)
        self.assertEqual([], results[str(largest)]["faces"])
        self.assertLess(memory, MEMORY_LIMIT)

    def test_rejects_an_oversized_photo_and_enrols_the_valid_one_in_the_same_folder(self):
        person = self.folder / "people" / "obama"
        person.mkdir(parents=True)
        shutil.copy(DEMO / "photos/barack_obama/obama.jpg", person)
        (person / "bomb.png").write_bytes(png(60000, 60000, b""))
        system = System(self)
        system.start_redis()
        added = system.facebus("gallery", "add", person.parent)
        self.assertEqual(65, added.code, added)
        self.assertIn("1 sample added, 1 file rejected", added.out)
        self.assertIn("60000 x 60000", added.err)


if __name__ == "__main__":
    unittest.main()
