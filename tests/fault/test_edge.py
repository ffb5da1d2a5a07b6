"""The edge side dies process by process, its camera misbehaves, and every start-up is broken off."""

import http.server
import signal
import subprocess
import threading
import unittest

from fault_system import msgpack, support, zmq
from images import carphone_frames, ffmpeg_clip
from support import CARPHONE, need_tool, program
from system import SERVICES, System, metric

FRAME_SECONDS = 0.04
BOUNDARY = "frame"


class ProcessTest(support.ProcessTest):
    limit = 180

    @classmethod
    def setUpClass(cls):
        support.need_system()

    def test_results_come_again_after_each_process_of_the_edge_was_killed_and_started(self):
        system = System(self)
        system.start_redis()
        system.enrol("--name", "man", carphone_frames(self))
        system.start_all()
        loop = {"FACEBUS_CAMERAS_CLIP_LOOP": "true", "FACEBUS_CAMERAS_CLIP_PACE": "live"}
        # He leaves at the end of each round, so that the next is another track.
        clip = ffmpeg_clip(self, "leaves.mp4", "-i", CARPHONE, "-vf", "tpad=stop_mode=add:stop_duration=3:color=gray")
        system.play(clip, **loop)
        named = lambda m: m.kind == "identity" and m["decision"] == "known"  # noqa: E731
        system.until(named)
        for name in ("capture", "motion", "detect-align", "track"):
            with self.subTest(killed=name):
                service = system.services.pop(name)
                service.process.kill()
                service.process.wait()
                system.messages.clear()
                if name == "capture":
                    system.play(clip, **loop)
                else:
                    system.start(name)
                # Of a track that began after the fault.
                started = system.until(lambda m: m.kind == "track" and m["event"] == "started")
                self.assertEqual("man", system.until(
                    lambda m, started=started: named(m) and m["track"] == started["track"])["subject"])


class StartTest(support.ProcessTest):
    """SIGTERM at each line that a service logs while it starts."""

    @classmethod
    def setUpClass(cls):
        support.need_system()

    def start(self, system, name):
        return self.spawn([program(f"facebus-{name}")], system.environment, subprocess.DEVNULL,
                          subprocess.PIPE)

    def test_every_service_ends_with_success_wherever_its_start_is_broken_off(self):
        system = System(self, FACEBUS_CAMERAS_CLIP_SOURCE=CARPHONE, FACEBUS_CAMERAS_CLIP_LOOP="true")
        system.start_redis()
        system.enrol("--name", "man", carphone_frames(self))
        system.environment["NOTIFY_SOCKET"] = str(self.folder / "nobody")
        for name in SERVICES:
            service = self.start(system, name)
            lines = []
            while not lines or b"event=ready" not in lines[-1]:
                lines.append(service.stderr.readline())
                self.assertTrue(lines[-1], f"{name} ended: {lines}")
            service.terminate()
            self.assertEqual(0, service.wait())
            for count in range(1, len(lines) + 1):
                with self.subTest(service=name, line=lines[count - 1]):
                    service = self.start(system, name)
                    for _ in range(count):
                        self.assertTrue(service.stderr.readline())
                    service.send_signal(signal.SIGTERM)
                    rest = service.stderr.read()
                    self.assertEqual(0, service.wait(), rest)
                    self.assertNotIn(b"unexpected", rest)


class Camera(http.server.ThreadingHTTPServer):
    """A network camera: motion JPEG over HTTP, of which a test turns the knobs."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, pictures, port=0):
        super().__init__(("127.0.0.1", port), CameraRequest)
        self.pictures = pictures  # JPEGs that it shows in turn
        self.flow = threading.Event()  # cleared: frozen
        self.flow.set()
        self.over = threading.Event()  # set: every stream ends
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/video.mjpg"

    def turn_off(self):
        self.over.set()
        self.flow.set()
        self.shutdown()
        self.server_close()


class CameraRequest(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.end_headers()
        number = 0
        try:
            while not self.server.over.wait(FRAME_SECONDS):
                self.server.flow.wait()
                pictures = self.server.pictures
                picture = pictures[number % len(pictures)]
                number += 1
                self.wfile.write(f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: "
                                 f"{len(picture)}\r\n\r\n".encode() + picture + b"\r\n")
        except OSError:
            pass  # whoever watched is gone


class CameraTest(support.ProcessTest):
    """capture alone; the test stands where motion does."""

    @classmethod
    def setUpClass(cls):
        support.need_system()
        need_tool("ffmpeg")

    def pictures(self, size, colour="gray"):
        """Two JPEGs of one colour."""
        file = self.folder / f"{colour}.jpg"
        made = self.run_program(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                                 f"color={colour}:size={size}", "-frames:v", "1", file])
        self.assertEqual(0, made.code, made)
        return [file.read_bytes()] * 2

    def watch(self, camera, **environment):
        system = System(self)
        self.motion = system.context.socket(zmq.PULL)
        self.motion.linger = 0
        self.motion.set_hwm(1)
        self.motion.bind(system.ipc("motion"))
        system.start("capture", FACEBUS_CAMERAS_CLIP_SOURCE=camera.url,
                     FACEBUS_CAPTURE_RECONNECT_FIRST="0.1", FACEBUS_CAPTURE_RECONNECT_LONGEST="0.5",
                     **{"FACEBUS_CAPTURE_STILL_LIMIT": "0", **environment})
        return system

    def frame(self):
        return msgpack.unpackb(self.motion.recv_multipart()[1])

    def lost(self, system):
        return metric(system.services["capture"].health, "facebus_camera_disconnects_total")

    def await_loss(self, system, before=0):
        while self.lost(system) <= before:
            self.motion.poll(50)
            while self.motion.poll(0):
                self.motion.recv_multipart()

    def test_a_camera_that_freezes_is_opened_again(self):
        camera = Camera(self.pictures("320x240"))
        self.addCleanup(camera.turn_off)
        system = self.watch(camera)
        self.frame()
        camera.flow.clear()
        self.await_loss(system)
        camera.flow.set()
        self.frame()
        self.assertEqual(1, metric(system.services["capture"].health, "facebus_camera_up"))

    def test_a_camera_that_ends_refuses_and_returns_is_opened_again(self):
        pictures = self.pictures("320x240")
        camera = Camera(pictures)
        system = self.watch(camera)
        before = self.frame()
        port = camera.server_address[1]
        camera.turn_off()
        self.await_loss(system)
        self.await_loss(system, self.lost(system))  # it refuses now
        again = Camera(pictures, port)
        self.addCleanup(again.turn_off)
        after = self.frame()
        self.assertGreater(after["pts"], before["pts"])
        self.assertGreater(after["seq"], before["seq"])

    def test_a_camera_that_changes_its_resolution_is_opened_again(self):
        """OpenCV would go on for ever with the last picture of the old size."""
        camera = Camera(self.pictures("320x240", "black"))
        self.addCleanup(camera.turn_off)
        system = self.watch(camera, FACEBUS_CAPTURE_STILL_LIMIT="1")
        self.frame()
        camera.pictures = self.pictures("640x480", "white")
        while True:
            _, header, pixels = self.motion.recv_multipart()
            header = msgpack.unpackb(header)
            self.assertEqual(len(pixels), header["width"] * header["height"] * 3)
            if min(pixels) > 200:
                break
        self.assertEqual((640, 480), (header["width"], header["height"]))
        self.assertEqual(1, self.lost(system))

    def test_a_camera_that_repeats_its_picture_is_opened_again_once(self):
        camera = Camera(self.pictures("320x240"))
        self.addCleanup(camera.turn_off)
        system = self.watch(camera, FACEBUS_CAPTURE_STILL_LIMIT="0.5")
        self.await_loss(system)
        after = self.frame()["pts"] + 2_000_000_000
        while self.frame()["pts"] < after:
            pass
        self.assertEqual(1, self.lost(system))


if __name__ == "__main__":
    unittest.main()
