"""An ignored person appears together with another person, in a system of real processes."""

import json
import unittest

from fault_system import TRACK_FRAMES, FaultSystem, FaultTest
from images import carphone_frames
from support import DEMO
from system import identities, metric

MAN_BOX_X = 0.0  # left edge of the man's face, which is the first face of each frame; see FaultSystem.feed()


class IgnoredTest(FaultTest):
    def setUp(self):
        super().setUp()
        self.system = FaultSystem(self)
        self.system.start_redis()
        self.crops = [self.enrol("the man", carphone_frames(self)),
                      self.enrol("obama", DEMO / "photos/barack_obama/obama.jpg")]
        # With a stored calibration, a changed gallery takes effect as soon as a worker has loaded it, so mark_the_man()
        # need not wait longer.
        self.assertEqual(0, self.system.facebus("calibrate").code)
        self.system.start("broker", "recognize")
        self.system.until(lambda m: m.kind == "status" and m["workers"] == 2)
        self.system.start("track")
        self.system.connect_detect()

    def enrol(self, name, images):
        """Enrols a person. Returns one of their crops as raw pixels, the format in which detect-align sends crops."""
        self.system.enrol("--name", name, images)
        samples = self.system.facebus("gallery", "show", name, "--json")
        file, raw = self.folder / f"{name}.jpg", self.folder / f"{name}.bgr"
        photo = self.system.facebus("gallery", "photo", json.loads(samples.out)[0]["id"], "--into", file)
        self.assertEqual(0, photo.code, photo)
        made = self.run_program(["ffmpeg", "-v", "error", "-i", file, "-pix_fmt", "bgr24", "-f", "rawvideo", raw])
        self.assertEqual(0, made.code, made)
        return raw.read_bytes()

    def mark_the_man(self, command):
        """Runs the gallery command `ignore` or `unignore`, and waits until every worker has loaded the change."""
        finished = self.system.facebus("gallery", command, "the man")
        self.assertEqual(0, finished.code, finished)
        version = self.system.redis("XREVRANGE", "facebus:gallery:changes", "+", "-", "COUNT", "1").split()[0]
        for name in self.system.worker_names():
            worker = self.system.services[name]
            self.system.wait_for(lambda worker=worker: any(f"version={version}" in line for line in worker.lines()))

    def feed_both(self, frames):
        """Feeds `frames` frames that show both people, and waits until every probe is acknowledged. Returns the results
        for the face of the man and those for the face of Obama."""
        self.system.messages.clear()
        self.system.feed(frames, crops=self.crops)
        self.system.wait_until_idle()
        man, others = [], []
        for message in identities(self.system.messages):
            (man if message["box"]["x"] == MAN_BOX_X else others).append(message)
        return man, others

    def probes_ignored(self):
        return metric(self.system.services["broker"].health, "facebus_probes_ignored_total")

    def test_ignored_people_are_never_published_even_if_a_worker_is_lost(self):
        self.mark_the_man("ignore")
        man, others = self.feed_both(TRACK_FRAMES)
        self.assertEqual([], man)
        self.assertEqual({"obama"}, {m["subject"] for m in others})
        self.system.kill("recognize-1")
        man, others = self.feed_both(TRACK_FRAMES)
        self.assertEqual([], man)
        self.assertEqual({"obama"}, {m["subject"] for m in others})
        self.assertEqual(self.system.fed / 2, self.probes_ignored())
        history = self.system.redis("XRANGE", "facebus:results", "-", "+")
        self.assertIn("obama", history)
        self.assertNotIn("the man", history)
        self.check_all_completed(self.system, "an ignored person in view, worker killed")

    def test_ignoring_takes_effect_in_running_workers_and_retracts_published_results(self):
        # Feeds the first half of a track. The next two calls of feed_both() continue this track.
        man, _ = self.feed_both(TRACK_FRAMES // 2)
        self.assertEqual(["the man"], [m.get("subject") for m in man])
        self.mark_the_man("ignore")
        (retraction,), others = self.feed_both(TRACK_FRAMES // 4)
        self.assertTrue(retraction["ignored"])
        self.assertEqual("undecided", retraction["decision"])
        self.assertEqual(man[0]["track"], retraction["track"])
        for key in ("subject", "subject_id", "similarity", "runner_up"):
            self.assertIsNone(retraction.get(key))
        self.assertEqual([], retraction["samples"])
        self.assertEqual([], others, "an unchanged result was published again")
        self.mark_the_man("unignore")
        man, _ = self.feed_both(TRACK_FRAMES // 4)
        self.assertEqual(["the man"], [m.get("subject") for m in man])
        # Ignoring a person deletes the stored probes of the tracks that were published with their name.
        self.check_all_completed(self.system, "a person ignored and reported again", stored=False)


if __name__ == "__main__":
    unittest.main()
