"""Tests that the edge recovers from killed processes and faulty cameras, and that a service that is starting can be
stopped."""

import http.server
import signal
import subprocess
import threading
import unittest

from fault_system import msgpack, support, zmq
from images import carphone_frames, ffmpeg_clip
from pipeline_table import EDGE
from support import CARPHONE, need_tool, program
from system import SERVICES, System, metric

FRAME_SECONDS = 0.04  # time between the images of a Camera
BOUNDARY = "frame"


class EdgeProcessTest(support.ProcessTest):
    limit = 180

    @classmethod
    def setUpClass(cls):
        support.need_system()

    def test_results_resume_after_each_edge_process_is_killed_and_restarted(self):
        system = System(self)
        system.start_redis()
        system.enrol("--name", "man", carphone_frames(self))
        system.start_all()
        loop = {"FACEBUS_CAMERAS_CLIP_LOOP": "true", "FACEBUS_CAMERAS_CLIP_PACE": "live"}
        # Each loop ends with three seconds without the man, so that he starts a new track in the next loop.
        clip = ffmpeg_clip(self, "leaves.mp4", "-i", CARPHONE, "-vf", "tpad=stop_mode=add:stop_duration=3:color=gray")
        system.play(clip, **loop)

        def is_known(message):
            return message.kind == "identity" and message["decision"] == "known"

        system.until(is_known)
        for name in [stage.process for stage in EDGE]:
            with self.subTest(killed=name):
                service = system.services.pop(name)
                service.process.kill()
                service.process.wait()
                system.messages.clear()
                if name == "capture":
                    system.play(clip, **loop)
                else:
                    system.start(name)
                # Waits for a result of a track that started after the fault.
                started = system.until(lambda m: m.kind == "track" and m["event"] == "started")
                self.assertEqual("man", system.until(
                    lambda m, started=started: is_known(m) and m["track"] == started["track"])["subject"])


class StartTest(support.ProcessTest):
    """Sends SIGTERM to a service that is starting. Repeats this for each line that the service logs while it starts."""

    @classmethod
    def setUpClass(cls):
        support.need_system()

    def start(self, system, name):
        """Starts a service without waiting until it is ready, and returns its process."""
        return self.spawn([program(f"facebus-{name}")], system.environment, subprocess.DEVNULL,
                          subprocess.PIPE)

    def test_a_service_exits_successfully_if_stopped_while_it_starts(self):
        system = System(self, FACEBUS_CAMERAS_CLIP_SOURCE=CARPHONE, FACEBUS_CAMERAS_CLIP_LOOP="true")
        system.start_redis()
        system.enrol("--name", "man", carphone_frames(self))
        # The test does not read the ready notifications. On the socket of `system`, they would queue up and block the
        # services.
        system.environment["NOTIFY_SOCKET"] = str(self.folder / "nobody")
        for name in SERVICES:
            service = self.start(system, name)
            lines = []
            while not lines or b"event=ready" not in lines[-1]:
                lines.append(service.stderr.readline())
                self.assertTrue(lines[-1], f"{name} exited: {lines}")
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
    """Simulated network camera that serves motion JPEG over HTTP."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, image, port=0):
        super().__init__(("127.0.0.1", port), CameraRequest)
        self.image = image  # JPEG, sent repeatedly
        self.running = threading.Event()  # while cleared, the camera sends nothing
        self.running.set()
        self.closing = threading.Event()  # when set, every stream ends
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/video.mjpg"

    def turn_off(self):
        """Ends all streams and closes the port."""
        self.closing.set()
        self.running.set()
        self.shutdown()
        self.server_close()


class CameraRequest(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.end_headers()
        try:
            while not self.server.closing.wait(FRAME_SECONDS):
                self.server.running.wait()
                image = self.server.image
                self.wfile.write(f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: "
                                 f"{len(image)}\r\n\r\n".encode() + image + b"\r\n")
        except OSError:
            pass  # the client has disconnected


class CameraTest(support.ProcessTest):
    """Runs only capture; the test takes the place of motion."""

    @classmethod
    def setUpClass(cls):
        support.need_system()
        need_tool("ffmpeg")

    def image(self, size, colour="gray"):
        """Returns a JPEG filled with one colour. `size` is WIDTHxHEIGHT."""
        file = self.folder / f"{colour}.jpg"
        made = self.run_program(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                                 f"color={colour}:size={size}", "-frames:v", "1", file])
        self.assertEqual(0, made.code, made)
        return file.read_bytes()

    def start_capture(self, camera, **environment):
        """Starts capture with the camera as its source and returns the system."""
        system = System(self)
        self.motion = system.context.socket(zmq.PULL)
        self.motion.linger = 0
        self.motion.set_hwm(1)
        self.motion.bind(system.ipc("motion"))
        system.start("capture", FACEBUS_CAMERAS_CLIP_SOURCE=camera.url,
                     FACEBUS_CAPTURE_RECONNECT_MIN="0.1", FACEBUS_CAPTURE_RECONNECT_MAX="0.5",
                     **{"FACEBUS_CAPTURE_FREEZE_TIMEOUT": "0", **environment})
        return system

    def next_frame(self):
        """Returns the header of the next frame that capture sends."""
        return msgpack.unpackb(self.motion.recv_multipart()[1])

    def disconnects(self, system):
        return metric(system.services["capture"].health, "facebus_camera_disconnects_total")

    def await_disconnect(self, system, before=0):
        """Reads and drops frames until capture has counted more than `before` disconnects."""
        while self.disconnects(system) <= before:
            self.motion.poll(50)
            while self.motion.poll(0):
                self.motion.recv_multipart()

    def test_reopens_a_camera_that_stops_sending(self):
        camera = Camera(self.image("320x240"))
        self.addCleanup(camera.turn_off)
        system = self.start_capture(camera)
        self.next_frame()
        camera.running.clear()
        self.await_disconnect(system)
        camera.running.set()
        self.next_frame()
        self.assertEqual(1, metric(system.services["capture"].health, "facebus_camera_up"))

    def test_reopens_a_camera_that_was_off_for_a_while(self):
        image = self.image("320x240")
        camera = Camera(image)
        system = self.start_capture(camera)
        before = self.next_frame()
        port = camera.server_address[1]
        camera.turn_off()
        self.await_disconnect(system)
        self.await_disconnect(system, self.disconnects(system))  # an attempt to reconnect has failed
        again = Camera(image, port)
        self.addCleanup(again.turn_off)
        after = self.next_frame()
        self.assertGreater(after["pts"], before["pts"])
        self.assertGreater(after["seq"], before["seq"])

    def test_reopens_a_camera_that_changes_its_resolution(self):
        """If capture kept the camera open, OpenCV would repeat the last frame of the previous size forever."""
        camera = Camera(self.image("320x240", "black"))
        self.addCleanup(camera.turn_off)
        system = self.start_capture(camera, FACEBUS_CAPTURE_FREEZE_TIMEOUT="1")
        self.next_frame()
        camera.image = self.image("640x480", "white")
        while True:
            _, header, pixels = self.motion.recv_multipart()
            header = msgpack.unpackb(header)
            self.assertEqual(len(pixels), header["width"] * header["height"] * 3)
            if min(pixels) > 200:
                break
        self.assertEqual((640, 480), (header["width"], header["height"]))
        self.assertEqual(1, self.disconnects(system))

    def test_reopens_a_camera_with_a_constant_image_only_once(self):
        camera = Camera(self.image("320x240"))
        self.addCleanup(camera.turn_off)
        system = self.start_capture(camera, FACEBUS_CAPTURE_FREEZE_TIMEOUT="0.5")
        self.await_disconnect(system)
        after = self.next_frame()["pts"] + 2_000_000_000
        while self.next_frame()["pts"] < after:
            pass
        self.assertEqual(1, self.disconnects(system))


if __name__ == "__main__":
    unittest.main()
