"""`facebus gallery`, and that running workers use its changes without a restart."""

import json
import shutil
import struct
import unittest

import support
from images import carphone_frames, ffmpeg_clip, ffmpeg_image
from support import CARPHONE, DEMO
from system import System, identities, metric

PHOTOS = DEMO / "photos"
SAMPLES = {"barack_obama": 3, "joe_biden": 1}


class GalleryTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def setUp(self):
        super().setUp()
        self.system = System(self)
        self.system.start_redis()

    def listed(self):
        result = self.system.facebus("gallery", "list", "--json")
        self.assertEqual(0, result.code, result)
        return {entry["name"]: entry["samples"] for entry in json.loads(result.out)}

    def shown(self, name):
        result = self.system.facebus("gallery", "show", name, "--json")
        self.assertEqual(0, result.code, result)
        return json.loads(result.out)

    def written(self, part):
        """Returns whether a file of Redis contains the bytes."""
        return any(part in file.read_bytes()
                   for file in self.system.folder.rglob("*.aof") if file.is_file())

    def wait_for_rewrite(self):
        support.need_tool("redis-cli")
        info = ""
        while not all(f"aof_rewrite_{state}:0" in info for state in ("in_progress", "scheduled")):
            info = self.run_program(
                ["redis-cli", "-s", self.system.folder / "redis", "info", "persistence"]).out
        self.assertIn("aof_last_bgrewrite_status:ok", info)

    def test_an_empty_gallery_lists_nobody(self):
        self.assertEqual({}, self.listed())

    def test_a_folder_of_folders_enrols_all_photos_of_each_person(self):
        self.system.enrol(PHOTOS)
        self.assertEqual(SAMPLES, self.listed())

    def test_show_lists_source_and_model_of_each_sample(self):
        self.system.enrol(PHOTOS)
        samples = self.shown("barack_obama")
        self.assertEqual({file.name for file in (PHOTOS / "barack_obama").iterdir()},
                         {sample["source"] for sample in samples})
        self.assertEqual(3, len({sample["id"] for sample in samples}))
        self.assertEqual(1, len({sample["model"] for sample in samples}))
        for sample in samples:
            self.assertGreater(sample["quality"], 0)

    def test_a_single_photo_is_named_after_its_file_or_by_the_name_option(self):
        photo = self.folder / "alice.jpg"
        shutil.copy(PHOTOS / "joe_biden/biden.jpg", photo)
        self.system.enrol(photo)
        self.system.enrol(PHOTOS / "barack_obama/obama.jpg", "--name", "Bob Öztürk")
        self.assertEqual({"alice": 1, "Bob Öztürk": 1}, self.listed())

    def test_enrolling_a_folder_again_adds_nothing(self):
        self.system.enrol(PHOTOS)
        before = self.shown("barack_obama")
        again = self.system.facebus("gallery", "add", PHOTOS)
        self.assertEqual(0, again.code, again)
        self.assertIn("0 samples added, 4 already enrolled, 0 files rejected", again.out, again)
        self.assertEqual(SAMPLES, self.listed())
        self.assertEqual({s["id"] for s in before}, {s["id"] for s in self.shown("barack_obama")})

    def test_the_only_person_in_a_video_is_enrolled_from_its_first_second(self):
        for expected in ("5 samples added, 0 files rejected",
                         "0 samples added, 5 already enrolled, 0 files rejected"):
            added = self.system.facebus("gallery", "add", CARPHONE, "--name", "the man")
            self.assertEqual(0, added.code, added)
            self.assertIn(expected, added.out, added)
        self.assertEqual({"the man": 5}, self.listed())
        self.assertEqual({"carphone_pristine.mp4, first second"},
                         {sample["source"] for sample in self.shown("the man")})

    def test_several_people_in_a_video_are_numbered(self):
        two = ffmpeg_clip(self, "two.mp4", "-i", CARPHONE, "-loop", "1", "-i",
                          PHOTOS / "joe_biden/biden.jpg", "-filter_complex",
                          "[0]fps=25,scale=-2:480[a];[1]scale=-2:480[b];[a][b]hstack=shortest=1", "-t", "1")
        self.system.enrol(two, "--name", "guest")
        listed = self.listed()
        self.assertEqual({"guest face 1", "guest face 2"}, set(listed))
        # The photo does not move, so further crops of it would add nothing.
        self.assertEqual([1, 5], sorted(listed.values()))

    def test_further_photos_are_added_to_the_same_person(self):
        self.system.enrol(PHOTOS / "barack_obama/obama.jpg", "--name", "barack_obama")
        more = self.system.facebus("gallery", "add", PHOTOS / "barack_obama")
        self.assertIn("2 samples added", more.out, more)
        self.assertEqual({"barack_obama": 3}, self.listed())

    def test_a_removed_person_leaves_no_trace_in_the_files_of_redis(self):
        self.system.stop("redis")
        self.system.start_redis("--appendonly", "yes", "--aof-use-rdb-preamble", "no")

        self.system.enrol(PHOTOS)
        self.assertTrue(self.written(b"joe_biden"))
        self.assertEqual(0, self.system.facebus("gallery", "remove", "joe_biden").code)
        self.wait_for_rewrite()
        self.assertFalse(self.written(b"joe_biden"))
        self.assertTrue(self.written(b"barack_obama"))

    def test_photo_writes_the_photo_of_a_sample_and_remove_erases_it_from_the_files_of_redis(self):
        self.system.stop("redis")
        self.system.start_redis("--appendonly", "yes", "--aof-use-rdb-preamble", "no")
        self.system.enrol(PHOTOS)
        photos = {}
        for name in SAMPLES:
            file = self.folder / f"{name}.jpg"
            (sample, *_) = self.shown(name)
            ended = self.system.facebus("gallery", "photo", sample["id"], "--into", file)
            self.assertEqual(0, ended.code, ended)
            self.assertEqual(0o600, file.stat().st_mode & 0o777)
            photos[name] = file.read_bytes()
            again = ffmpeg_image(self, "again.png", "-i", file)
            self.assertEqual((160, 160), struct.unpack(">II", again.read_bytes()[16:24]))
        for name, bytes_ in photos.items():
            self.assertTrue(self.written(bytes_), name)
        self.assertEqual(0, self.system.facebus("gallery", "remove", "joe_biden").code)
        self.wait_for_rewrite()
        self.assertFalse(self.written(photos["joe_biden"]))
        self.assertTrue(self.written(photos["barack_obama"]))
        nothing = self.system.facebus("gallery", "photo", "0" * 32, "--into", self.folder / "x")
        self.assertEqual(65, nothing.code, nothing)
        self.assertIn("facebus gallery show", nothing.err)

    def test_no_photo_is_kept_if_keep_photos_is_off(self):
        self.system.environment["FACEBUS_GALLERY_KEEP_PHOTOS"] = "false"
        self.system.enrol(PHOTOS / "joe_biden")
        (sample,) = self.shown("joe_biden")
        ended = self.system.facebus("gallery", "photo", sample["id"], "--into", self.folder / "x")
        self.assertEqual(65, ended.code, ended)
        self.assertIn("gallery.keep_photos", ended.err)

    def test_an_exported_gallery_can_be_imported_with_and_without_encryption(self):
        self.system.enrol(PHOTOS)
        secret = self.folder / "passphrase"
        secret.write_text("correct horse\n")
        for flags in ((), ("--passphrase", secret)):
            with self.subTest(flags=flags):
                archive = self.folder / "people.gallery"
                written = self.system.facebus("gallery", "export", archive, *flags)
                self.assertEqual(0, written.code, written)
                self.assertIn("2 people, 4 samples", written.out)
                self.assertEqual(not flags, b"joe_biden" in archive.read_bytes())
                self.assertEqual(0o600, archive.stat().st_mode & 0o777)
                before = {name: self.shown(name) for name in SAMPLES}
                for name in SAMPLES:
                    self.assertEqual(0, self.system.facebus("gallery", "remove", name).code)
                if flags:
                    refused = self.system.facebus("gallery", "import", archive)
                    self.assertEqual(65, refused.code, refused)
                    self.assertIn("encrypted", refused.err)
                for words in ("4 samples added, 0 already", "0 samples added, 4 already"):
                    read = self.system.facebus("gallery", "import", archive, *flags)
                    self.assertEqual(0, read.code, read)
                    self.assertIn(words, read.out)
                for name, samples in before.items():
                    kept = ("source", "quality", "model", "created")
                    self.assertEqual([[s[k] for k in kept] for s in samples],
                                     [[s[k] for k in kept] for s in self.shown(name)])

    def test_remove_removes_only_that_person(self):
        self.system.enrol(PHOTOS)
        removed = self.system.facebus("gallery", "remove", "barack_obama")
        self.assertEqual(0, removed.code, removed)
        self.assertEqual({"joe_biden": 1}, self.listed())
        self.assertEqual(65, self.system.facebus("gallery", "show", "barack_obama").code)

    def test_the_list_as_text_names_everyone(self):
        self.system.enrol(PHOTOS)
        result = self.system.facebus("gallery", "list")
        for name in SAMPLES:
            noun = "sample" if SAMPLES[name] == 1 else "samples"
            self.assertRegex(result.out, rf"(?m)^{name} +{SAMPLES[name]} {noun} +since")


class RunningGalleryTest(support.ProcessTest):
    """Running workers recognise one man in an endless clip while the gallery changes."""

    limit = 180

    @classmethod
    def setUpClass(cls):
        support.need_system()

    def setUp(self):
        super().setUp()
        self.frames = carphone_frames(self)
        self.system = System(self, workers=2, FACEBUS_TRACK_REFRESH="0.2")
        self.system.start_redis()
        self.system.enrol(PHOTOS)

    def play(self):
        self.system.play(CARPHONE, FACEBUS_CAMERAS_CLIP_LOOP="true",
                         FACEBUS_CAMERAS_CLIP_PACE="live")

    def wait_for(self, subject):
        """Waits for the next identity with that subject (None: without a name) and returns it."""
        return self.system.until(lambda m: m.kind == "identity" and m.get("subject") == subject)

    def subjects_of_workers(self):
        """Returns the number of subjects in each worker's copy of the gallery."""
        return [metric(service.health, "facebus_gallery_subjects")
                for name, service in self.system.services.items() if name.startswith("recognize")]

    def started(self):
        return {name: service.process.pid for name, service in self.system.services.items()}

    def test_running_workers_name_a_newly_enrolled_person(self):
        self.system.start_all()
        self.play()
        before = self.started()
        self.wait_for(None)
        self.system.enrol("--name", "the man", self.frames)
        named = self.wait_for("the man")
        self.assertEqual("known", named["decision"])
        self.assertEqual(before, self.started())

    def test_running_workers_do_not_name_a_removed_person(self):
        self.system.enrol("--name", "the man", self.frames)
        self.system.start_all()
        self.play()
        named = self.wait_for("the man")
        self.assertEqual("known", named["decision"])
        removed = self.system.facebus("gallery", "remove", "the man")
        self.assertEqual(0, removed.code, removed)
        after = self.wait_for(None)
        self.assertNotEqual(named["gallery"], after["gallery"])
        # A worker completes the current batch with the gallery that it began with, and the other worker may still be
        # doing so.
        self.system.until(lambda _: self.subjects_of_workers() == [2, 2])
        self.system.stop("capture")
        self.system.until(lambda m: m.kind == "status" and m["queued"] + m["in_flight"] == 0)
        # From now on he is unknown, in the same track and in new ones.
        self.system.messages.clear()
        self.play()
        self.wait_for(None)
        self.assertEqual([], [m["subject"] for m in identities(self.system.messages)
                              if m["decision"] == "known"])

    def test_a_removed_person_leaves_no_trace_in_redis(self):
        self.system.enrol("--name", "the man", self.frames)
        self.system.start_all()
        self.play()
        subject = self.wait_for("the man")["subject_id"]
        self.system.stop("capture")
        self.system.until(lambda m: m.kind == "status" and m["queued"] + m["in_flight"] == 0)
        self.assertEqual(0, self.system.facebus("gallery", "remove", "the man").code)
        support.need_tool("redis-cli")
        redis = ["redis-cli", "-s", self.system.folder / "redis"]
        # Dump all keys and values of Redis uncompressed, so that strings can be searched.
        self.run_program([*redis, "config", "set", "rdbcompression", "no"])
        dump = self.run_program([*redis, "--rdb", self.folder / "dump.rdb"])
        self.assertEqual(0, dump.code, dump)
        held = (self.folder / "dump.rdb").read_bytes()
        self.assertIn(b"barack_obama", held, "the others must be found, or this test proves nothing")
        self.assertNotIn(b"the man", held)
        self.assertNotIn(subject.encode(), held)


if __name__ == "__main__":
    unittest.main()
