"""Tests that each stream ends once, even if `track` restarts, and that live and lossless cameras do not disturb each
other."""

import subprocess
import unittest

from fault_system import FACES, FaultSystem, FaultTest, faces_message, support, zmq
from images import ffmpeg_clip
from support import CARPHONE, program
from system import EDGE_RECEIVERS, metric
from test_security import EncryptedSystem

OUTBOX = 8


def is_end(message):
    return message.kind == "track" and message["event"] == "end"


class EndTest(support.ProcessTest):
    """The edge has a key, so the broker regards it as the same edge after a restart."""

    limit = 180

    @classmethod
    def setUpClass(cls):
        support.need_system()

    def watch(self, system):
        """Starts `facebus watch --until-end` and returns its process as soon as it receives messages."""
        watch = self.spawn([program("facebus"), "watch", "--until-end", "--events"],
                           {**system.environment, **{key: str(value) for key, value in
                                                     system.key_settings("subscriber").items()}},
                           subprocess.PIPE, subprocess.DEVNULL)
        self.assertTrue(watch.stdout.readline())
        return watch

    def assert_ends(self, system, watch, streams):
        """Waits until `watch` has exited successfully, and checks that one `end` was published per stream."""
        watch.stdout.read()
        self.assertEqual(0, watch.wait())
        system.until(is_end)
        # An event that the broker publishes a second time would precede the second of these messages.
        for _ in range(2):
            system.until(lambda m: m.kind == "status")
        ends = [m["stream"] for m in system.messages if is_end(m)]
        self.assertEqual((streams, streams), (len(ends), len(set(ends))), ends)

    def restart_track(self, system):
        service = system.services.pop("track")
        service.process.kill()
        service.process.wait()
        system.start("track")

    def test_a_clip_ends_once_if_track_is_killed_and_restarted_while_it_plays(self):
        system = EncryptedSystem(self)
        system.start_all()
        for streams in (1, 2):
            watch = self.watch(system)
            system.play(CARPHONE)
            system.until(lambda m: m.kind == "identity")
            self.restart_track(system)
            self.assert_ends(system, watch, streams)

    def test_a_stream_ends_if_the_previous_run_of_track_sent_as_many_messages_before_an_end(self):
        system = EncryptedSystem(self)
        system.start_redis()
        system.start("broker", "track")
        system.until(lambda m: m.kind == "status")
        self.detect = system.context.socket(zmq.PUSH)
        self.detect.linger = 0
        self.detect.connect(system.ipc("track.lossless"))
        for number in (1, 2):
            watch = self.watch(system)
            self.detect.send_multipart(faces_message(0, [], end=True, stream=f"stream{number}"))
            self.assert_ends(system, watch, number)
            self.restart_track(system)


class SlowEdgeTest(support.ProcessTest):
    def test_capture_exits_only_after_the_last_frames_of_a_file_are_sent(self):
        support.need_system()
        clip = ffmpeg_clip(self, "clip.mp4", "-i", CARPHONE, "-frames:v", "1")
        system = FaultSystem(self)
        system.start_redis()
        system.start("broker", "recognize")
        system.until(lambda m: m.kind == "status")
        system.start("capture", FACEBUS_CAMERAS_CLIP_SOURCE=clip, FACEBUS_CAPTURE_EXIT_AT_END="true")
        capture = system.services["capture"]
        self.assertIsNone(capture.wait(6), "capture exited before motion received the frames")
        system.start(*EDGE_RECEIVERS)
        system.until(is_end)
        self.assertEqual(0, capture.wait())


class LiveAndLosslessTest(FaultTest):
    def connect_live(self, system):
        """Connects to `track` in place of detect-align, for live cameras."""
        self.live = system.context.socket(zmq.PUSH)
        self.live.linger = 0
        self.live.connect(system.ipc("track"))

    def send_live(self, system, number):
        """Sends a frame with one face of a live camera."""
        self.live.send_multipart(faces_message(number, [system.pixels], src="gate", live=True, stream="gate1"))

    def wait_for_processed(self, system, count):
        """Waits until `track` has processed that many frames."""
        system.wait_for(lambda: metric(system.services["track"].health, "facebus_messages_total") == count)

    def test_a_live_camera_continues_and_a_file_loses_no_probe_while_the_outbox_is_full(self):
        system = FaultSystem(self, FACEBUS_TRACK_OUTBOX=str(OUTBOX))
        system.start_redis()
        system.start("broker", "track")
        system.connect_detect()
        self.connect_live(system)
        # The probes of three frames fill the outbox, because no worker completes them. The fourth frame waits.
        system.feed(4)
        self.wait_for_processed(system, 3)
        frames = 20
        for number in range(frames):
            self.send_live(system, number)
            self.wait_for_processed(system, 3 + number + 1)
            if number == 0:  # the broker acknowledges the events `started`, but not the probes
                system.wait_for(lambda: system.track_metric("outbox_entries") == 3 * FACES + 1)
        self.assertEqual(3 * FACES + frames, system.track_metric("probes_sent_total"))
        dropped = frames - OUTBOX
        system.wait_for(lambda: metric(system.services["broker"].health, "facebus_probes_total") >= 3 * FACES + frames)
        system.kill("broker")  # with all probes that it has received
        system.start("broker", "recognize")
        system.wait_for(lambda: system.acknowledged() == 4 * FACES + OUTBOX)
        system.wait_for(lambda: system.track_metric("probes_dropped_unacknowledged_total") == dropped)
        self.assertEqual(4 * FACES + OUTBOX, system.acknowledged())
        self.assertEqual(0, system.track_metric("probes_dropped_total"))
        self.assertEqual(0, system.track_metric("outbox_entries"))

    def test_a_probe_that_was_dropped_but_then_acknowledged_does_not_count_as_dropped(self):
        system = FaultSystem(self, FACEBUS_TRACK_OUTBOX=str(OUTBOX), FACEBUS_TRACK_RESEND="60")
        system.start_redis()
        system.start("broker", "track")
        self.connect_live(system)
        frames = 20
        for number in range(frames):
            self.send_live(system, number)
            self.wait_for_processed(system, number + 1)
        system.start("recognize")
        system.wait_for(lambda: system.acknowledged() == frames)
        self.assertEqual(0, system.track_metric("probes_dropped_total"))
        self.assertEqual(0, system.track_metric("probes_dropped_unacknowledged_total"))


if __name__ == "__main__":
    unittest.main()
