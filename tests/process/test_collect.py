"""`facebus collect`: from videos to a folder of aligned faces for each person."""

import json
import os
import signal
import subprocess
import unittest

import support
from images import carphone_frames, ffmpeg_clip
from support import CARPHONE, DEMO, program
from system import System, identities

BIDEN = DEMO / "photos/joe_biden/biden.jpg"
SHEET = "contact-sheet.jpg"


class CollectTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def setUp(self):
        super().setUp()
        self.output = self.folder / "faces"

    def collect(self, *arguments, run=None):
        """The folders that it gives, with the names of their files, and what it said."""
        done = (run or self.facebus)("collect", *arguments, "--output", self.output)
        self.assertEqual(0, done.code, done)
        return {entry.name: sorted(file.name for file in entry.iterdir())
                for entry in self.output.iterdir() if entry.is_dir()}, done

    def system(self):
        system = System(self)
        system.start_redis()
        return system

    def side_by_side(self):
        """The man of the demo clip beside a photograph of another one."""
        return ffmpeg_clip(self, "two.mp4", "-i", CARPHONE, "-loop", "1", "-i", BIDEN,
                           "-filter_complex", "[0]fps=25,scale=-2:480[a];[1]scale=-2:480[b];"
                           "[a][b]hstack=shortest=1", "-t", "1")

    def assert_refused(self, code, words, *arguments):
        refused = self.facebus("collect", *arguments)
        self.assertEqual(code, refused.code, refused)
        self.assertEqual("", refused.out)
        self.assertEqual(1, len(refused.err_lines), refused)
        self.assertIn(words, refused.err)

    def test_the_only_person_of_a_clip_is_one_folder_with_several_crops_and_a_sheet(self):
        folders, done = self.collect(CARPHONE)
        self.assertEqual(["person-01"], list(folders))
        self.assertGreaterEqual(len(folders["person-01"]), 4)
        self.assertLessEqual(len(folders["person-01"]), 12, "more than that of his one track")
        for name in folders["person-01"]:
            self.assertRegex(name, r"^carphone_pristine-\d+\.\ds-t1\.png$")
        self.assertEqual({"person-01", SHEET}, {entry.name for entry in self.output.iterdir()})
        self.assertRegex(done.out, r"(?m)^person-01 +\d+ crops +1 track  0\.0 s to 4\.\d s$")
        self.assertRegex(done.out, r"(?m)^\d+ faces in frames: \d+ kept; skipped \d+ too small")

    def test_json_tells_every_file_and_why_the_others_are_left_out(self):
        folders, done = self.collect(CARPHONE, "--json")
        told = json.loads(done.out)
        self.assertEqual(folders, {person["folder"]: sorted(file for t in person["tracks"] for file in t["files"])
                                   for person in told["people"]})
        faces = told["faces"]
        self.assertEqual(faces["kept"], sum(map(len, folders.values())))
        self.assertEqual(faces["seen"], sum(n for key, n in faces.items() if key != "seen"))

    def test_what_breaks_the_rules_of_the_gallery_is_counted_and_left_out(self):
        refused = self.facebus("collect", CARPHONE, "--output", self.output,
                               FACEBUS_GALLERY_MIN_EYE_DISTANCE=500)
        self.assertEqual(65, refused.code, refused)
        self.assertEqual(1, len(refused.err_lines), refused)
        self.assertRegex(refused.err, r"0 kept; skipped [1-9]\d* too small, 0 blurred, 0 of poor quality")
        self.assertFalse(self.output.exists())

    def test_a_renamed_folder_enrols_its_person_who_is_then_named(self):
        self.collect(CARPHONE)
        crops = len(list((self.output / "person-01").iterdir()))
        (self.output / "person-01").rename(self.output / "the man")
        system = self.system()
        added = system.facebus("gallery", "add", self.output)
        self.assertEqual(0, added.code, added)
        self.assertIn(f"{crops} added, 0 rejected", added.out, "the sheet enrols nobody")
        listed = json.loads(system.facebus("gallery", "list", "--json").out)
        self.assertEqual([("the man", crops)], [(s["name"], s["samples"]) for s in listed])
        system.start_all()
        named = identities(system.replay(CARPHONE))
        self.assertEqual("the man", named[-1].get("subject"))
        self.assertEqual("known", named[-1]["decision"])

    def test_an_enrolled_crop_has_the_very_embedding_that_it_was_collected_with(self):
        two = self.side_by_side()
        folders, _ = self.collect(two)
        alone, = [name for name, files in folders.items() if len(files) == 1]
        (self.output / alone).rename(self.output / "Joe")
        system = self.system()
        system.enrol(self.output / "Joe")
        again = system.facebus("collect", two, "--match", "--json", "--output", self.folder / "b")
        similarity, = [p["similarity"] for p in json.loads(again.out)["people"]
                       if p.get("subject") == "Joe"]
        # Were his face looked for in the crop and cut anew, it would be another one.
        self.assertGreater(similarity, 0.9999)

    def test_a_crop_with_a_damaged_mark_is_refused_with_the_reason(self):
        self.collect(CARPHONE)
        crop = min((self.output / "person-01").iterdir())
        crop.write_bytes(crop.read_bytes().replace(b"eye_distance", b"ear_distance"))
        added = self.system().facebus("gallery", "add", crop)
        self.assertEqual(65, added.code, added)
        self.assertIn("is marked as an aligned crop, but its quality is invalid", added.err)

    def test_people_side_by_side_are_two_folders(self):
        folders, done = self.collect(self.side_by_side())
        self.assertEqual({"person-01", "person-02"}, set(folders), done)
        # A photograph does not move, so the second crop of it would tell nothing new.
        self.assertEqual(1, min(map(len, folders.values())), folders)

    def test_a_person_of_two_videos_is_one_folder(self):
        folders, done = self.collect(CARPHONE, self.side_by_side())
        self.assertEqual({"person-01", "person-02"}, set(folders), done)
        self.assertEqual({"carphone_pristine", "two"},
                         {name.partition("-")[0] for name in folders["person-01"]})
        self.assertRegex(done.out, r"(?m)^person-01 .* 2 tracks  carphone_pristine 0\.0 s to two ")

    def test_with_match_the_folder_of_a_known_person_bears_his_name(self):
        system = self.system()
        system.enrol("--name", "../the man", carphone_frames(self))
        folders, done = self.collect(self.side_by_side(), "--match", run=system.facebus)
        # A subject may have any name; a folder must not leave the output by it.
        self.assertEqual({"_._the man", "person-01"}, set(folders), done)

    def test_every_so_many_seconds_is_enough_to_find_him(self):
        folders, done = self.collect(CARPHONE, "--every", "1", "--json")
        self.assertEqual(["person-01"], list(folders))
        self.assertLessEqual(json.loads(done.out)["faces"]["seen"], 5)

    def test_a_folder_that_holds_anything_is_refused_and_left_alone(self):
        self.output.mkdir()
        (self.output / "precious.txt").write_text("mine")
        self.assert_refused(65, "is not empty", CARPHONE, "--output", self.output)
        self.assertEqual(["precious.txt"], [entry.name for entry in self.output.iterdir()])

    def test_an_empty_folder_is_taken(self):
        self.output.mkdir()
        self.assertEqual(["person-01"], list(self.collect(CARPHONE)[0]))

    def test_a_missing_video_is_one_line_and_nothing_is_written(self):
        missing = self.folder / "missing.mp4"
        for videos in ([missing], [CARPHONE, missing]):
            self.assert_refused(69, "missing.mp4 does not exist", *videos, "--output", self.output)
            self.assertFalse(self.output.exists())

    def test_a_file_that_is_no_video_is_one_line_and_nothing_is_written(self):
        text = self.folder / "text.mp4"
        text.write_text("no video")
        self.assert_refused(65, "can't be read as a video", text, "--output", self.output)
        self.assertFalse(self.output.exists())

    def test_without_redis_match_is_one_line_and_nothing_is_written(self):
        refused = self.facebus("collect", CARPHONE, "--match", "--output", self.output,
                               FACEBUS_REDIS_URL=f"unix://{self.folder / 'none'}")
        self.assertEqual(69, refused.code, refused)
        self.assertEqual(1, len(refused.err_lines), refused)
        self.assertFalse(self.output.exists())

    def test_ctrl_c_ends_it_and_leaves_nothing(self):
        # Long enough not to be over before the signal: the clip fifty times. On a terminal the bar
        # tells that it has begun.
        screen, terminal = os.openpty()
        self.addCleanup(os.close, screen)
        process = self.spawn([program("facebus"), "collect", *[str(CARPHONE)] * 50, "--output",
                              self.folder / "deep/faces"], self.environment(), subprocess.DEVNULL,
                             terminal)
        os.close(terminal)
        shown = b""
        while b"looking for faces [" not in shown:
            shown += os.read(screen, 4096)
        self.assertTrue((self.folder / "deep/faces").exists())
        process.send_signal(signal.SIGINT)
        self.assertEqual(130, process.wait())
        self.assertFalse((self.folder / "deep").exists())


if __name__ == "__main__":
    unittest.main()
