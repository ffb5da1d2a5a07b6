"""Tests the commands of `facebus gallery`, and the line about the gallery in the output of `facebus check`. Tests that
running workers use a changed gallery without a restart."""

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
    limit = 180

    @classmethod
    def setUpClass(cls):
        support.need_system()

    def setUp(self):
        super().setUp()
        self.system = System(self)
        self.system.start_redis()

    def sample_counts(self):
        """Returns the number of samples of each person."""
        result = self.system.facebus("gallery", "list", "--json")
        self.assertEqual(0, result.code, result)
        return {entry["name"]: entry["samples"] for entry in json.loads(result.out)}

    def samples_of(self, name):
        result = self.system.facebus("gallery", "show", name, "--json")
        self.assertEqual(0, result.code, result)
        return json.loads(result.out)

    def redis_files_contain(self, part):
        """Returns whether an append-only file of the Redis server contains the bytes `part`."""
        return any(part in file.read_bytes()
                   for file in self.system.folder.rglob("*.aof") if file.is_file())

    def wait_for_rewrite(self):
        """Waits until Redis has rewritten its append-only file."""
        support.need_tool("redis-cli")
        info = ""
        while not all(f"aof_rewrite_{state}:0" in info for state in ("in_progress", "scheduled")):
            info = self.run_program(
                ["redis-cli", "-s", self.system.folder / "redis", "info", "persistence"]).out
        self.assertIn("aof_last_bgrewrite_status:ok", info)

    def test_list_is_empty_for_an_empty_gallery(self):
        self.assertEqual({}, self.sample_counts())

    def test_add_enrols_each_subfolder_as_a_person(self):
        self.system.enrol(PHOTOS)
        self.assertEqual(SAMPLES, self.sample_counts())

    def test_show_lists_the_source_and_model_of_each_sample(self):
        self.system.enrol(PHOTOS)
        samples = self.samples_of("barack_obama")
        self.assertEqual({file.name for file in (PHOTOS / "barack_obama").iterdir()},
                         {sample["source"] for sample in samples})
        self.assertEqual(3, len({sample["id"] for sample in samples}))
        self.assertEqual(1, len({sample["model"] for sample in samples}))
        for sample in samples:
            self.assertGreater(sample["quality"], 0)

    def test_add_takes_the_name_of_the_person_from_the_file_or_from_the_option_name(self):
        photo = self.folder / "alice.jpg"
        shutil.copy(PHOTOS / "joe_biden/biden.jpg", photo)
        self.system.enrol(photo)
        self.system.enrol(PHOTOS / "barack_obama/obama.jpg", "--name", "Bob Öztürk")
        self.assertEqual({"alice": 1, "Bob Öztürk": 1}, self.sample_counts())

    def test_enrolling_a_folder_again_adds_nothing(self):
        self.system.enrol(PHOTOS)
        before = self.samples_of("barack_obama")
        again = self.system.facebus("gallery", "add", PHOTOS)
        self.assertEqual(0, again.code, again)
        self.assertIn("0 samples added, 4 already enrolled, 0 files rejected", again.out, again)
        self.assertEqual(SAMPLES, self.sample_counts())
        self.assertEqual({s["id"] for s in before}, {s["id"] for s in self.samples_of("barack_obama")})

    def test_add_enrols_the_person_seen_in_the_first_second_of_a_video(self):
        for expected in ("5 samples added, 0 files rejected",
                         "0 samples added, 5 already enrolled, 0 files rejected"):
            added = self.system.facebus("gallery", "add", CARPHONE, "--name", "the man")
            self.assertEqual(0, added.code, added)
            self.assertIn(expected, added.out, added)
        self.assertEqual({"the man": 5}, self.sample_counts())
        self.assertEqual({"carphone_pristine.mp4, first second"},
                         {sample["source"] for sample in self.samples_of("the man")})

    def test_add_numbers_the_names_of_several_people_in_a_video(self):
        two = ffmpeg_clip(self, "two.mp4", "-i", CARPHONE, "-loop", "1", "-i",
                          PHOTOS / "joe_biden/biden.jpg", "-filter_complex",
                          "[0]fps=25,scale=-2:480[a];[1]scale=-2:480[b];[a][b]hstack=shortest=1", "-t", "1")
        self.system.enrol(two, "--name", "guest")
        counts = self.sample_counts()
        self.assertEqual({"guest face 1", "guest face 2"}, set(counts))
        # The photo does not move, so further crops of it would add nothing.
        self.assertEqual([1, 5], sorted(counts.values()))

    def test_add_adds_further_photos_to_the_same_person(self):
        self.system.enrol(PHOTOS / "barack_obama/obama.jpg", "--name", "barack_obama")
        more = self.system.facebus("gallery", "add", PHOTOS / "barack_obama")
        self.assertIn("2 samples added", more.out, more)
        self.assertEqual({"barack_obama": 3}, self.sample_counts())

    def test_remove_erases_the_person_from_the_files_of_redis(self):
        self.system.stop("redis")
        self.system.start_redis("--appendonly", "yes", "--aof-use-rdb-preamble", "no")

        self.system.enrol(PHOTOS)
        self.assertTrue(self.redis_files_contain(b"joe_biden"))
        self.assertEqual(0, self.system.facebus("gallery", "remove", "joe_biden").code)
        self.wait_for_rewrite()
        self.assertFalse(self.redis_files_contain(b"joe_biden"))
        self.assertTrue(self.redis_files_contain(b"barack_obama"))

    def redis_cli(self, *words):
        support.need_tool("redis-cli")
        return self.run_program(["redis-cli", "-s", self.system.folder / "redis", *words]).out.strip()

    def start_redis_with_long_history(self, results):
        """Starts Redis with an append-only file, enrols people and stores results, one in ten of which names Joe
        Biden. Returns his subject id."""
        self.system.stop("redis")
        self.system.start_redis("--appendonly", "yes", "--rdbcompression", "no")
        self.system.enrol(PHOTOS)
        subject = self.redis_cli("hget", "facebus:gallery:names", "joe_biden")
        fill = """for i = 1, ARGV[1] do
            local id = i % 10 == 0 and ARGV[2] or string.format('%032x', i)
            redis.call('XADD', KEYS[1], '*', 'topic', 'identity.door', 'header', id .. string.rep('h', 900),
                       'subject', id, 'track', '')
        end"""
        for _ in range(results // 10_000):
            self.redis_cli("eval", fill, 1, "facebus:results", 10_000, subject)
        self.assertEqual(str(results), self.redis_cli("xlen", "facebus:results"))
        return subject

    def assert_erased(self, subject, results):
        self.assertEqual("", self.redis_cli("keys", "facebus:erasure:*"))
        self.assertEqual(str(results), self.redis_cli("xlen", "facebus:results"))
        for trace in (b"joe_biden", subject.encode()):
            self.assertFalse(any(trace in file.read_bytes()
                                 for file in (self.system.folder / "appendonlydir").iterdir()), trace)

    def test_remove_succeeds_with_200_000_results(self):
        subject = self.start_redis_with_long_history(200_000)
        removed = self.system.facebus("gallery", "remove", "joe_biden")
        self.assertEqual(0, removed.code, removed)
        self.assertIn("erasing results", removed.err)
        self.assert_erased(subject, 180_000)

    def test_remove_continues_after_it_was_killed_in_any_phase(self):
        for phase in ("results", "copy", "files"):
            with self.subTest(phase=phase):
                subject = self.start_redis_with_long_history(20_000)
                # Makes the rewrite of the files last some seconds.
                self.redis_cli("config", "set", "rdb-key-save-delay", 200_000)
                with (self.folder / "out").open("wb") as out:
                    removing = self.spawn(
                        [support.program("facebus"), "gallery", "remove", "joe_biden"],
                        self.system.environment, out, out)
                while self.redis_cli("hget", "facebus:erasure:state", "phase") != phase:
                    self.assertIsNone(removing.poll(), (self.folder / "out").read_text())
                removing.kill()
                removing.wait()
                self.assertNotIn("joe_biden", self.sample_counts())
                self.redis_cli("config", "set", "rdb-key-save-delay", 0)
                again = self.system.facebus("gallery", "remove", "joe_biden")
                self.assertEqual(0, again.code, again)
                self.assertIn("completed the removal of people removed before", again.out)
                self.assert_erased(subject, 18_000)
                self.assertEqual(65, self.system.facebus("gallery", "remove", "joe_biden").code)
                self.redis_cli("flushall")

    def test_remove_reports_a_failed_rewrite_and_completes_it_when_repeated(self):
        subject = self.start_redis_with_long_history(10_000)
        # Redis cannot create its next append-only file.
        blocked = self.system.folder / "appendonlydir/appendonly.aof.2.incr.aof"
        blocked.mkdir()
        failed = self.system.facebus("gallery", "remove", "joe_biden")
        self.assertEqual(69, failed.code, failed)
        self.assertIn("joe_biden is removed, but not all traces are erased", failed.err)
        self.assertIn('run facebus gallery remove "joe_biden"', failed.err)
        self.assertNotIn("joe_biden", self.sample_counts())
        blocked.rmdir()
        again = self.system.facebus("gallery", "remove", "joe_biden")
        self.assertEqual(0, again.code, again)
        self.assert_erased(subject, 9_000)

    def test_remove_fails_if_redis_refuses_it_although_another_erasure_is_pending(self):
        self.system.enrol(PHOTOS)
        self.redis_cli("hset", "facebus:erasure:recorded", "0" * 32, "")
        # The user may read the gallery and erase traces, but not write to the gallery.
        self.redis_cli("acl", "setuser", "default", "resetkeys", "~facebus:erasure:*", "~facebus:results",
                       "~facebus:track:*", "%R~facebus:*")
        failed = self.system.facebus("gallery", "remove", "joe_biden")
        self.assertEqual(65, failed.code, failed)
        self.assertIn("NOPERM", failed.err)
        self.assertEqual(SAMPLES, self.sample_counts())

    def test_an_incomplete_import_erases_the_traces_of_ignored_people(self):
        self.system.enrol(PHOTOS)
        plain, sealed, secret = (self.folder / name for name in ("plain", "sealed", "secret"))
        secret.write_text("a secret\n")
        for command in (("ignore", "joe_biden"), ("export", plain), ("export", sealed, "--passphrase", secret),
                        ("unignore", "joe_biden")):
            done = self.system.facebus("gallery", *command)
            self.assertEqual(0, done.code, done)
        with plain.open("a") as file:
            file.write("damaged\n")
        failed = self.system.facebus("gallery", "import", plain)
        self.assertEqual(65, failed.code, failed)
        self.assertTrue(self.samples_of("joe_biden"))
        self.assertEqual("", self.redis_cli("keys", "facebus:erasure:*"))

        self.redis_cli("hset", "facebus:erasure:state", "id", "x", "phase", "damaged")
        failed = self.system.facebus("gallery", "import", sealed, "--passphrase", secret)
        self.assertEqual(65, failed.code, failed)
        self.assertIn(f'run facebus gallery import "{sealed}" --passphrase "{secret}"', failed.err)

    def test_photo_writes_the_photo_of_a_sample_and_remove_erases_it_from_redis_files(self):
        self.system.stop("redis")
        self.system.start_redis("--appendonly", "yes", "--aof-use-rdb-preamble", "no")
        self.system.enrol(PHOTOS)
        photos = {}
        for name in SAMPLES:
            file = self.folder / f"{name}.jpg"
            (sample, *_) = self.samples_of(name)
            ended = self.system.facebus("gallery", "photo", sample["id"], "--into", file)
            self.assertEqual(0, ended.code, ended)
            self.assertEqual(0o600, file.stat().st_mode & 0o777)
            photos[name] = file.read_bytes()
            png = ffmpeg_image(self, "photo.png", "-i", file)
            self.assertEqual((160, 160), struct.unpack(">II", png.read_bytes()[16:24]))
        for name, bytes_ in photos.items():
            self.assertTrue(self.redis_files_contain(bytes_), name)
        self.assertEqual(0, self.system.facebus("gallery", "remove", "joe_biden").code)
        self.wait_for_rewrite()
        self.assertFalse(self.redis_files_contain(photos["joe_biden"]))
        self.assertTrue(self.redis_files_contain(photos["barack_obama"]))
        unknown = self.system.facebus("gallery", "photo", "0" * 32, "--into", self.folder / "x")
        self.assertEqual(65, unknown.code, unknown)
        self.assertIn("facebus gallery show", unknown.err)

    def test_add_stores_no_photo_if_keep_photos_is_off(self):
        self.system.environment["FACEBUS_GALLERY_KEEP_PHOTOS"] = "false"
        self.system.enrol(PHOTOS / "joe_biden")
        (sample,) = self.samples_of("joe_biden")
        ended = self.system.facebus("gallery", "photo", sample["id"], "--into", self.folder / "x")
        self.assertEqual(65, ended.code, ended)
        self.assertIn("gallery.keep_photos", ended.err)

    def test_import_restores_an_exported_gallery_with_and_without_encryption(self):
        self.system.enrol(PHOTOS)
        secret = self.folder / "passphrase"
        secret.write_text("correct horse\n")
        for flags in ((), ("--passphrase", secret)):
            with self.subTest(flags=flags):
                archive = self.folder / "people.gallery"
                exported = self.system.facebus("gallery", "export", archive, *flags)
                self.assertEqual(0, exported.code, exported)
                self.assertIn("2 people, 4 samples", exported.out)
                self.assertEqual(not flags, b"joe_biden" in archive.read_bytes())
                self.assertEqual(0o600, archive.stat().st_mode & 0o777)
                before = {name: self.samples_of(name) for name in SAMPLES}
                for name in SAMPLES:
                    self.assertEqual(0, self.system.facebus("gallery", "remove", name).code)
                if flags:
                    failed = self.system.facebus("gallery", "import", archive)
                    self.assertEqual(65, failed.code, failed)
                    self.assertIn("encrypted", failed.err)
                for words in ("4 samples added, 0 already", "0 samples added, 4 already"):
                    imported = self.system.facebus("gallery", "import", archive, *flags)
                    self.assertEqual(0, imported.code, imported)
                    self.assertIn(words, imported.out)
                for name, samples in before.items():
                    keys = ("source", "quality", "model", "created")
                    self.assertEqual([[s[k] for k in keys] for s in samples],
                                     [[s[k] for k in keys] for s in self.samples_of(name)])

    def test_reembed_lists_the_samples_without_a_photo(self):
        support.need((support.MODELS / "sface.onnx").exists(),
                     f"no sface.onnx in {support.MODELS}; run models/prepare --only sface")
        self.system.enrol(PHOTOS / "barack_obama")
        self.system.environment["FACEBUS_GALLERY_KEEP_PHOTOS"] = "false"
        self.system.enrol("--name", "without photo", "--allow-duplicates", PHOTOS / "joe_biden")
        moved = self.system.facebus("gallery", "reembed", "--model", "sface", "--finish")
        self.assertEqual(65, moved.code, moved)
        self.assertIn("3 samples embedded", moved.out)
        self.assertIn("1 cannot be moved", moved.out)
        sample = self.samples_of("without photo")[0]
        self.assertIn(f"without photo: sample {sample['id']}", moved.err)
        self.assertIn("facenet", sample["model"])
        self.assertIn("sface", self.samples_of("barack_obama")[0]["model"])

    def test_after_a_move_the_same_photos_are_already_enrolled(self):
        support.need((support.MODELS / "sface.onnx").exists(),
                     f"no sface.onnx in {support.MODELS}; run models/prepare --only sface")
        self.system.enrol(PHOTOS)
        self.gallery("reembed", "--model", "sface", "--finish")
        self.system.environment["FACEBUS_RECOGNIZE_MODEL"] = "sface"
        self.assertIn("0 samples added, 4 already enrolled", self.gallery("add", PHOTOS).out)

    def test_calibrate_and_duplicates_use_the_model_of_the_gallery(self):
        support.need((support.MODELS / "sface.onnx").exists(),
                     f"no sface.onnx in {support.MODELS}; run models/prepare --only sface")
        self.system.enrol(PHOTOS)
        self.system.enrol("--name", "Barry", "--allow-duplicates", PHOTOS / "barack_obama/obama.jpg")
        thresholds = []

        def check():
            calibrated = self.system.facebus("calibrate", "--dry-run", "--json")
            self.assertEqual(0, calibrated.code, calibrated)
            thresholds.append(json.loads(calibrated.out)["score"])
            self.assertIn("barack_obama", self.gallery("duplicates").out)

        check()
        self.gallery("reembed", "--model", "sface")
        check()
        self.gallery("reembed", "--model", "sface", "--finish")
        check()
        facenet, moving, sface = thresholds
        self.assertEqual(facenet, moving)
        self.assertNotEqual(facenet, sface)

    def test_export_fails_and_writes_no_file_if_the_samples_of_a_person_cannot_be_read(self):
        support.need_tool("redis-cli")
        self.system.enrol(PHOTOS)
        redis = ["redis-cli", "-s", self.system.folder / "redis"]
        subject = self.run_program([*redis, "hget", "facebus:gallery:names", "joe_biden"]).out.strip()
        self.run_program([*redis, "set", f"facebus:subject:{subject}:samples", "not a list"])
        archive = self.folder / "people.gallery"
        exported = self.system.facebus("gallery", "export", archive)
        self.assertEqual(65, exported.code, exported)
        self.assertIn("WRONGTYPE", exported.err)
        self.assertFalse(archive.exists())

    def test_remove_removes_only_the_named_person(self):
        self.system.enrol(PHOTOS)
        removed = self.system.facebus("gallery", "remove", "barack_obama")
        self.assertEqual(0, removed.code, removed)
        self.assertEqual({"joe_biden": 1}, self.sample_counts())
        self.assertEqual(65, self.system.facebus("gallery", "show", "barack_obama").code)

    def gallery(self, *arguments, code=0):
        """Runs `facebus gallery` and returns its result, which must have this exit code."""
        result = self.system.facebus("gallery", *arguments)
        self.assertEqual(code, result.code, result)
        return result

    def test_a_person_is_enrolled_twice_only_on_request_then_listed_as_a_duplicate_and_merged(self):
        self.system.enrol(PHOTOS)
        self.assertEqual("0 pairs\n", self.gallery("duplicates").out)
        rejected = self.system.facebus("gallery", "add", PHOTOS / "barack_obama/obama.jpg", "--name", "Barry")
        self.assertEqual(65, rejected.code, rejected)
        self.assertIn('the face looks like "barack_obama", ', rejected.err)
        self.assertIn("--allow-duplicates", rejected.err)
        self.assertEqual(SAMPLES, self.sample_counts())
        self.system.enrol(PHOTOS / "barack_obama/obama.jpg", "--name", "Barry", "--allow-duplicates")
        pair, = json.loads(self.gallery("duplicates", "--json").out)
        self.assertEqual({"barack_obama", "Barry"}, {pair["first"]["name"], pair["second"]["name"]})
        self.assertGreater(pair["similarity"], 0.6)
        text = self.gallery("duplicates").out
        self.assertIn(f"{pair['similarity']:.2f}  ", text)
        self.assertIn("1 pair; to merge one, run facebus gallery merge", text)
        self.assertEqual("Barry is merged into barack_obama: 1 sample moved\n",
                         self.gallery("merge", "Barry", "barack_obama").out)
        self.assertEqual({"barack_obama": 4, "joe_biden": 1}, self.sample_counts())
        self.assertEqual("0 pairs\n", self.gallery("duplicates").out)
        for names, part in ((("Barry", "joe_biden"), "Barry"), (("joe_biden", "Nobody"), "Nobody"),
                            (("joe_biden", "joe_biden"), "same person")):
            self.assertIn(part, self.gallery("merge", *names, code=65).err)

    def test_rename_fails_if_another_person_has_the_name(self):
        self.system.enrol(PHOTOS)
        self.gallery("rename", "joe_biden", "Joe")
        self.assertEqual({"barack_obama": 3, "Joe": 1}, self.sample_counts())
        error = self.gallery("rename", "Joe", "barack_obama", code=65).err
        self.assertIn('facebus gallery merge "Joe" "barack_obama"', error)
        self.assertIn("Nobody", self.gallery("rename", "Nobody", "Joe", code=65).err)
        self.assertEqual({"barack_obama": 3, "Joe": 1}, self.sample_counts())

    def test_remove_sample_removes_one_sample_of_the_named_person(self):
        self.system.enrol(PHOTOS)
        sample, *others = [sample["id"] for sample in self.samples_of("barack_obama")]
        self.assertIn("belongs to", self.gallery("remove-sample", "joe_biden", sample, code=65).err)
        self.gallery("remove-sample", "barack_obama", sample)
        self.assertEqual(others, [sample["id"] for sample in self.samples_of("barack_obama")])
        self.assertIn("no sample with this id",
                      self.gallery("remove-sample", "barack_obama", sample, code=65).err)

    def test_list_prints_everyone_as_text(self):
        self.system.enrol(PHOTOS)
        result = self.system.facebus("gallery", "list")
        for name in SAMPLES:
            noun = "sample" if SAMPLES[name] == 1 else "samples"
            self.assertRegex(result.out, rf"(?m)^{name} +{SAMPLES[name]} {noun} +since")

    def test_check_reports_the_number_of_samples_even_if_the_models_are_missing(self):
        self.system.enrol(PHOTOS)
        good = self.system.facebus("check")
        self.assertEqual(0, good.code, good)
        self.system.environment["FACEBUS_MODELS"] = str(self.folder / "none")
        failed = self.system.facebus("check")
        self.assertEqual(69, failed.code, failed)
        self.assertRegex(failed.out, "(?m)^FAILED +models: ")
        for result in (good, failed):
            self.assertRegex(result.out, "(?m)^ok +gallery: 2 people, 4 samples$")


class RunningGalleryTest(support.ProcessTest):
    """Workers recognise one man in an endless clip while the gallery changes."""

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

    def play_again(self):
        """Restarts the clip, so that there is a new track and so a new result."""
        self.system.stop("capture")
        self.system.messages.clear()
        self.play()

    def wait_for(self, subject):
        """Waits for the next identity with this subject, or without a subject if `subject` is None. Returns the
        identity."""
        return self.system.until(lambda m: m.kind == "identity" and m.get("subject") == subject)

    def people_per_worker(self):
        """Returns the number of people in the gallery snapshot of each worker."""
        return [metric(service.health, "facebus_gallery_subjects")
                for name, service in self.system.services.items() if name.startswith("recognize")]

    def process_ids(self):
        return {name: service.process.pid for name, service in self.system.services.items()}

    def test_running_workers_recognise_a_newly_enrolled_person(self):
        self.system.start_all()
        self.play()
        before = self.process_ids()
        self.wait_for(None)
        self.system.enrol("--name", "the man", self.frames)
        named = self.wait_for("the man")
        self.assertEqual("known", named["decision"])
        self.assertEqual(before, self.process_ids(), "a service was restarted")

    def test_running_workers_no_longer_recognise_a_removed_person(self):
        self.system.enrol("--name", "the man", self.frames)
        self.system.start_all()
        self.play()
        named = self.wait_for("the man")
        self.assertEqual("known", named["decision"])
        removed = self.system.facebus("gallery", "remove", "the man")
        self.assertEqual(0, removed.code, removed)
        after = self.wait_for(None)
        self.assertNotEqual(named["gallery"], after["gallery"])
        # A worker completes its current batch with its previous snapshot of the gallery. Wait until neither worker uses
        # that snapshot.
        self.system.until(lambda _: self.people_per_worker() == [2, 2])
        self.system.stop("capture")
        self.system.until(lambda m: m.kind == "status" and m["queued"] + m["in_flight"] == 0)
        # From now on the man must be unknown.
        self.system.messages.clear()
        self.play()
        self.wait_for(None)
        self.assertEqual([], [m["subject"] for m in identities(self.system.messages)
                              if m["decision"] == "known"])

    def test_reembed_moves_the_gallery_to_another_network_while_workers_run(self):
        support.need((support.MODELS / "sface.onnx").exists(),
                     f"no sface.onnx in {support.MODELS}; run models/prepare --only sface")
        self.system.enrol("--name", "the man", self.frames)
        self.system.start_all()
        self.play()
        old = self.wait_for("the man")["model"]
        self.assertIn("facenet", old)
        moved = self.system.facebus("gallery", "reembed", "--model", "sface")
        self.assertEqual(0, moved.code, moved)
        self.assertIn("0 already had an embedding, 0 cannot be moved", moved.out)
        again = self.system.facebus("gallery", "reembed", "--model", "sface")
        self.assertEqual(0, again.code, again)
        self.assertTrue(again.out.startswith("0 samples embedded"), again.out)
        # The running workers still use the old network. Restart them with the new one.
        self.play_again()
        self.assertEqual(old, self.wait_for("the man")["model"])
        self.system.environment["FACEBUS_RECOGNIZE_MODEL"] = "sface"
        for name in ("recognize-1", "recognize-2"):
            self.system.stop(name)
        self.system.start("recognize")
        self.play_again()
        named = self.system.until(lambda m: m.kind == "identity" and m["model"] != old
                                  and m.get("subject") == "the man")
        self.assertTrue(named["model"].startswith("sface-"), named["model"])
        finished = self.system.facebus("gallery", "reembed", "--finish")
        self.assertEqual(0, finished.code, finished)
        shown = json.loads(self.system.facebus("gallery", "show", "the man", "--json").out)
        self.assertEqual({named["model"]}, {sample["model"] for sample in shown})
        self.play_again()
        self.assertEqual(named["model"], self.wait_for("the man")["model"])

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
        content = (self.folder / "dump.rdb").read_bytes()
        self.assertIn(b"barack_obama", content, "the dump lacks people who were not removed")
        self.assertNotIn(b"the man", content)
        self.assertNotIn(subject.encode(), content)


if __name__ == "__main__":
    unittest.main()
