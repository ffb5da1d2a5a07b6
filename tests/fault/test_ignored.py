"""A person who is never to be reported, in view of the real processes beside others."""

import json
import unittest

from fault_system import TRACK_FRAMES, FaultSystem, FaultTest
from images import carphone_frames
from support import DEMO
from system import identities, metric

HIS_BOX = 0.0  # where feed() puts the first face of a frame


class IgnoredTest(FaultTest):
    def setUp(self):
        super().setUp()
        self.system = FaultSystem(self)
        self.system.start_redis()
        self.crops = [self.enrolled("the man", carphone_frames(self)),
                      self.enrolled("obama", DEMO / "photos/barack_obama/obama.jpg")]
        # With a policy of its own a changed gallery counts as soon as it is loaded.
        self.assertEqual(0, self.system.facebus("calibrate").code)
        self.system.start("broker", "recognize")
        self.system.until(lambda m: m.kind == "status" and m["workers"] == 2)
        self.system.start("track")
        self.system.connect_detect()

    def enrolled(self, name, pictures):
        """Enrols a person, and gives a face as detect-align sends it, as raw pixels."""
        self.system.enrol("--name", name, pictures)
        shown = self.system.facebus("gallery", "show", name, "--json")
        file, raw = self.folder / f"{name}.jpg", self.folder / f"{name}.bgr"
        kept = self.system.facebus("gallery", "picture", json.loads(shown.out)[0]["id"], "--into", file)
        self.assertEqual(0, kept.code, kept)
        made = self.run_program(["ffmpeg", "-v", "error", "-i", file, "-pix_fmt", "bgr24", "-f", "rawvideo", raw])
        self.assertEqual(0, made.code, made)
        return raw.read_bytes()

    def tell(self, command):
        """Ignored or reported, and every worker knows."""
        marked = self.system.facebus("gallery", command, "the man")
        self.assertEqual(0, marked.code, marked)
        version = self.system.redis("XREVRANGE", "facebus:gallery:changes", "+", "-", "COUNT", "1").split()[0]
        for name in self.system.worker_names():
            log = self.system.services[name]
            self.system.wait_for(lambda log=log: any(f"version={version}" in line for line in log.lines()))

    def show(self, frames):
        """Both men for so many frames, until all is acknowledged. Gives what was published of each."""
        self.system.messages.clear()
        self.system.feed(frames, crops=self.crops)
        self.settle_all()
        his, others = [], []
        for message in identities(self.system.messages):
            (his if message["box"]["x"] == HIS_BOX else others).append(message)
        return his, others

    def settle_all(self):
        self.system.wait_for(lambda: self.system.track_count("probes_sent_total") == self.system.fed)
        self.system.wait_for(lambda: self.system.track_count("outbox_entries") == 0)
        # What was published before the last acknowledgement is read before the next status.
        self.system.until(lambda m: m.kind == "status" and m["queued"] + m["in_flight"] == 0)

    def probes_ignored(self):
        return metric(self.system.services["broker"].health, "facebus_probes_ignored_total")

    def test_nothing_is_published_of_an_ignored_person_and_no_probe_is_lost_with_a_worker(self):
        self.tell("ignore")
        his, others = self.show(TRACK_FRAMES)
        self.assertEqual([], his)
        self.assertEqual({"obama"}, {m["subject"] for m in others})
        self.system.kill("recognize-1")
        his, others = self.show(TRACK_FRAMES)
        self.assertEqual([], his)
        self.assertEqual({"obama"}, {m["subject"] for m in others})
        self.assertEqual(self.system.fed / 2, self.probes_ignored())
        history = self.system.redis("XRANGE", "facebus:results", "-", "+")
        self.assertIn("obama", history)
        self.assertNotIn("the man", history)
        self.settle(self.system, "an ignored person in view, worker killed")

    def test_a_mark_counts_in_running_workers_and_takes_back_what_was_published_of_the_track(self):
        # Half a track: it goes on below.
        his, _ = self.show(TRACK_FRAMES // 2)
        self.assertEqual(["the man"], [m.get("subject") for m in his])
        self.tell("ignore")
        (taken_back,), others = self.show(TRACK_FRAMES // 4)
        self.assertTrue(taken_back["ignored"])
        self.assertEqual("undecided", taken_back["decision"])
        self.assertEqual(his[0]["track"], taken_back["track"])
        for key in ("subject", "subject_id", "similarity", "runner_up"):
            self.assertIsNone(taken_back.get(key))
        self.assertEqual([], taken_back["samples"])
        self.assertEqual([], others, "nothing is new of him")
        self.tell("report")
        his, _ = self.show(TRACK_FRAMES // 4)
        self.assertEqual(["the man"], [m.get("subject") for m in his])
        # To ignore somebody drops the memory of the tracks that were published with the name.
        self.settle(self.system, "a person ignored and reported again", remembered=False)


if __name__ == "__main__":
    unittest.main()
