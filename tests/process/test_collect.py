"""Tests of `facebus collect`, which sorts the faces in videos into one folder per person."""

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
        """Runs `facebus collect`, by default without Redis. Returns the folders that it wrote, as
        {name: names of files}, and its result."""
        done = (run or self.facebus)("collect", *arguments, "--output", self.output)
        self.assertEqual(0, done.code, done)
        return {entry.name: sorted(file.name for file in entry.iterdir())
                for entry in self.output.iterdir() if entry.is_dir()}, done

    def system(self):
        system = System(self)
        system.start_redis()
        return system

    def side_by_side(self):
        """Returns a clip with the man of the demo clip next to a photo of another man."""
        return ffmpeg_clip(self, "two.mp4", "-i", CARPHONE, "-loop", "1", "-i", BIDEN,
                           "-filter_complex", "[0]fps=25,scale=-2:480[a];[1]scale=-2:480[b];"
                           "[a][b]hstack=shortest=1", "-t", "1")

    def assert_fails(self, code, words, *arguments):
        """Asserts that `facebus collect` exits with `code` and prints one line on standard error, with `words`."""
        failed = self.facebus("collect", *arguments)
        self.assertEqual(code, failed.code, failed)
        self.assertEqual("", failed.out)
        self.assertEqual(1, len(failed.err_lines), failed)
        self.assertIn(words, failed.err)

    def test_writes_one_folder_and_a_contact_sheet_for_a_clip_of_one_person(self):
        folders, done = self.collect(CARPHONE)
        self.assertEqual(["person-01"], list(folders))
        self.assertGreaterEqual(len(folders["person-01"]), 4)
        self.assertLessEqual(len(folders["person-01"]), 12, "more than the limit per track")
        for name in folders["person-01"]:
            self.assertRegex(name, r"^carphone_pristine-\d+\.\ds-t1\.png$")
        self.assertEqual({"person-01", SHEET}, {entry.name for entry in self.output.iterdir()})
        self.assertRegex(done.out, r"(?m)^person-01 +\d+ crops +1 track  0\.0 s to 4\.\d s$")
        self.assertRegex(done.out, r"(?m)^\d+ faces detected: \d+ kept; skipped: \d+ too small")

    def test_json_lists_every_file_and_counts_the_skipped_faces(self):
        folders, done = self.collect(CARPHONE, "--json")
        report = json.loads(done.out)
        self.assertEqual(folders, {person["folder"]: sorted(file for t in person["tracks"] for file in t["files"])
                                   for person in report["people"]})
        faces = report["faces"]
        self.assertEqual(faces["kept"], sum(map(len, folders.values())))
        self.assertEqual(faces["seen"], sum(n for key, n in faces.items() if key != "seen"))

    def test_reports_how_many_faces_break_the_enrolment_rules_if_none_is_kept(self):
        failed = self.facebus("collect", CARPHONE, "--output", self.output,
                              FACEBUS_GALLERY_MIN_EYE_DISTANCE=500)
        self.assertEqual(65, failed.code, failed)
        self.assertEqual(1, len(failed.err_lines), failed)
        self.assertRegex(failed.err, r"0 kept; skipped: [1-9]\d* too small, 0 blurred, 0 of low quality")
        self.assertFalse(self.output.exists())

    def test_gallery_add_enrols_a_renamed_folder_under_its_new_name(self):
        self.collect(CARPHONE)
        crops = len(list((self.output / "person-01").iterdir()))
        (self.output / "person-01").rename(self.output / "the man")
        system = self.system()
        added = system.facebus("gallery", "add", self.output)
        self.assertEqual(0, added.code, added)
        self.assertIn(f"{crops} samples added, 0 files rejected", added.out, "the contact sheet was not skipped")
        listed = json.loads(system.facebus("gallery", "list", "--json").out)
        self.assertEqual([("the man", crops)], [(s["name"], s["samples"]) for s in listed])
        system.start_all()
        named = identities(system.replay(CARPHONE))
        self.assertEqual("the man", named[-1].get("subject"))
        self.assertEqual("known", named[-1]["decision"])

    def test_gallery_add_embeds_a_crop_without_detecting_its_face_again(self):
        two = self.side_by_side()
        folders, _ = self.collect(two)
        alone, = [name for name, files in folders.items() if len(files) == 1]
        (self.output / alone).rename(self.output / "Joe")
        system = self.system()
        system.enrol(self.output / "Joe")
        again = system.facebus("collect", two, "--match", "--json", "--output", self.folder / "b")
        similarity, = [p["similarity"] for p in json.loads(again.out)["people"]
                       if p.get("subject") == "Joe"]
        # If the face were detected again in the crop, its embedding would differ.
        self.assertGreater(similarity, 0.9999)

    def test_gallery_add_rejects_a_crop_with_damaged_quality_values(self):
        self.collect(CARPHONE)
        crop = min((self.output / "person-01").iterdir())
        crop.write_bytes(crop.read_bytes().replace(b"eye_distance", b"ear_distance"))
        added = self.system().facebus("gallery", "add", crop)
        self.assertEqual(65, added.code, added)
        self.assertIn("is marked as an aligned crop, but its quality is invalid", added.err)

    def test_writes_two_folders_for_two_people_side_by_side(self):
        folders, done = self.collect(self.side_by_side())
        self.assertEqual({"person-01", "person-02"}, set(folders), done)
        # The face in the photo does not move, so a second crop of it would add nothing.
        self.assertEqual(1, min(map(len, folders.values())), folders)

    def test_writes_one_folder_for_a_person_in_two_videos(self):
        folders, done = self.collect(CARPHONE, self.side_by_side())
        self.assertEqual({"person-01", "person-02"}, set(folders), done)
        self.assertEqual({"carphone_pristine", "two"},
                         {name.partition("-")[0] for name in folders["person-01"]})
        self.assertRegex(done.out, r"(?m)^person-01 .* 2 tracks  carphone_pristine 0\.0 s to two ")

    def test_with_match_the_folder_of_an_enrolled_person_has_their_name(self):
        system = self.system()
        system.enrol("--name", "../the man", carphone_frames(self))
        folders, done = self.collect(self.side_by_side(), "--match", run=system.facebus)
        # A subject can have any name, but its folder must stay inside the output folder.
        self.assertEqual({"_._the man", "person-01"}, set(folders), done)

    def test_with_every_1_searches_one_frame_per_second(self):
        folders, done = self.collect(CARPHONE, "--every", "1", "--json")
        self.assertEqual(["person-01"], list(folders))
        self.assertLessEqual(json.loads(done.out)["faces"]["seen"], 5)

    def test_rejects_and_does_not_change_an_output_folder_that_is_not_empty(self):
        self.output.mkdir()
        (self.output / "precious.txt").write_text("mine")
        self.assert_fails(65, "is not empty", CARPHONE, "--output", self.output)
        self.assertEqual(["precious.txt"], [entry.name for entry in self.output.iterdir()])

    def test_accepts_an_empty_output_folder(self):
        self.output.mkdir()
        self.assertEqual(["person-01"], list(self.collect(CARPHONE)[0]))

    def test_reports_a_missing_video_on_one_line_and_writes_nothing(self):
        missing = self.folder / "missing.mp4"
        for videos in ([missing], [CARPHONE, missing]):
            self.assert_fails(69, "missing.mp4 does not exist", *videos, "--output", self.output)
            self.assertFalse(self.output.exists())

    def test_a_file_that_is_not_a_video_causes_a_one_line_error_and_no_output(self):
        text = self.folder / "text.mp4"
        text.write_text("not a video")
        self.assert_fails(65, "cannot be read as a video", text, "--output", self.output)
        self.assertFalse(self.output.exists())

    def test_with_match_reports_unavailable_redis_on_one_line_and_writes_nothing(self):
        failed = self.facebus("collect", CARPHONE, "--match", "--output", self.output,
                              FACEBUS_REDIS_URL=f"unix://{self.folder / 'none'}")
        self.assertEqual(69, failed.code, failed)
        self.assertEqual(1, len(failed.err_lines), failed)
        self.assertFalse(self.output.exists())

    def test_ctrl_c_stops_the_command_and_leaves_no_files_or_folders(self):
        # Collects the clip fifty times, so that the command is still running when the signal arrives. The progress bar
        # shows that the work has begun. It appears only on a terminal.
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
