"""Pictures that are broken, enormous or in rare formats: read correctly or refused, in bounded memory."""

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
CAP = 3 << 29   # bytes, 1.5 GiB, that looking at any picture may take; stated in docs/security.md
SIDE = 8000    # of the largest square that is read


def png(width, height, row):
    """A PNG whose rows are all `row`, as small as it gets."""
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body +
                struct.pack(">I", zlib.crc32(kind + body)))

    packer = zlib.compressobj(9)
    pixels = b"".join([*(packer.compress(b"\0" + row) for _ in range(height)), packer.flush()])
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


class HostilePictures(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_programs()
        support.need_models()

    def detect(self, *files):
        """What was found by file, what was refused, and the most memory that it took."""
        out, err = self.folder / "out", self.folder / "err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen([program("facebus"), "detect", "--json", *files], stdout=stdout,
                                       stderr=stderr, env=self.environment())
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        found = {}
        for line in out.read_text().splitlines():
            picture = json.loads(line)
            found[picture["file"]] = picture
        refused = {str(file) for file in files if f"{file} " in err.read_text()}
        self.assertIn(process.returncode, (0, 65), err.read_text())
        return found, refused, usage.ru_maxrss * 1024

    def test_every_hard_file_is_read_or_refused_in_bounded_memory(self):
        need_data()
        files = sorted(str(file) for file in HARD.rglob("*") if file.is_file() and file.suffix != ".txt")
        found, refused, memory = self.detect(*files)
        self.assertEqual(set(files), set(found) | refused)
        self.assertEqual(set(), set(found) & refused)
        self.assertLess(memory, CAP)
        for word in ("truncated", "shortfile", "empty", "corrupted"):
            broken = {file for file in files if word in os.path.basename(file) and "exif" not in file
                      and "app14" not in file}
            self.assertTrue(broken)
            self.assertEqual(set(), broken - refused)

    def test_one_face_is_found_at_its_place_in_every_encoding(self):
        need_data()
        names = ["hopper.png", "hopper.bmp", "hopper.ppm", "hopper_gray.jpg", "hopper_16bit.pgm",
                 "hopper_webp.png", *(f"hopper_orientation_{n}.{kind}" for n in (5, 6, 7, 8)
                                      for kind in ("jpg", "webp")), "hopper_orientation_2.jpg"]
        files = [str(HARD / "pillow" / name) for name in names]
        found, _, _ = self.detect(*files)
        x, y, width, height = found[files[0]]["faces"][0]["box"]
        for file in files:
            with self.subTest(file=os.path.basename(file)):
                self.assertEqual(1, len(found[file]["faces"]))
                box = found[file]["faces"][0]["box"]
                self.assertLess(abs(box[0] + box[2] / 2 - x - width / 2), 8)
                self.assertLess(abs(box[1] + box[3] / 2 - y - height / 2), 8)

    def test_a_decompression_bomb_is_refused_and_the_largest_picture_fits_in_the_stated_memory(self):
        bomb, largest = self.folder / "bomb.png", self.folder / "largest.png"
        bomb.write_bytes(png(SIDE, SIDE + 1, bytes(3 * SIDE)))
        largest.write_bytes(png(SIDE, SIDE, bytes(3 * SIDE)))
        self.assertLess(largest.stat().st_size, 1_000_000)
        found, refused, memory = self.detect(str(bomb), str(largest))
        self.assertEqual({str(bomb)}, refused)
        self.assertEqual([], found[str(largest)]["faces"])
        self.assertLess(memory, CAP)

    def test_a_bad_picture_is_not_enrolled_and_the_good_one_beside_it_is(self):
        person = self.folder / "people" / "obama"
        person.mkdir(parents=True)
        shutil.copy(DEMO / "photos/barack_obama/obama.jpg", person)
        (person / "bomb.png").write_bytes(png(60000, 60000, b""))
        system = System(self)
        system.start_redis()
        added = system.facebus("gallery", "add", person.parent)
        self.assertEqual(65, added.code, added)
        self.assertIn("1 added, 1 rejected", added.out)
        self.assertIn("60000 x 60000", added.err)


if __name__ == "__main__":
    unittest.main()
