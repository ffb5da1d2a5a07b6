"""The whole system as tests/bench/run starts it: frames a second, latency, number of cameras. Clips are
made from the demo clip, whose man is put on grey ground as often as faces are wanted.

pipeline.py throughput | latency | cameras
"""

import os
import pathlib
import statistics
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "process")]

import support  # noqa: E402
from pictures import carphone_frames, ffmpeg_clip  # noqa: E402
from support import CARPHONE, cpu_seconds  # noqa: E402
from system import System, metric  # noqa: E402

RATE = 25


class Pipeline(support.ProcessTest):
    limit = 1500

    def clip(self, name, width, height, places, seconds=4.0, man=212):
        """A clip with the man at some places."""
        graph = f"[0:v]fps={RATE},scale={man}:-2,split={len(places)}" + "".join(
            f"[m{i}]" for i in range(len(places))) + ";"
        last = "1:v"
        for i, (x, y) in enumerate(places):
            graph += f"[{last}][m{i}]overlay={x}:{y}:eof_action=pass[o{i}];"
            last = f"o{i}"
        return ffmpeg_clip(self, name, "-i", CARPHONE, "-f", "lavfi", "-i",
                           f"color=gray:size={width}x{height}:rate={RATE}:duration={seconds}",
                           "-filter_complex", graph.rstrip(";"), "-map", f"[{last}]", "-t", str(seconds))

    def started(self, workers=1, **environment):
        system = System(self, workers=workers, **environment)
        system.start_redis()
        system.enrol("--name", "man", carphone_frames(self))
        system.start_all()
        return system

    def read(self, system, seconds):
        end = time.monotonic() + seconds
        got = []
        while (left := end - time.monotonic()) > 0:
            if system.subscriber.poll(left * 1000):
                message = system.next()
                if message.kind == "identity":
                    got.append((time.time_ns(), message))
        return got

    def used(self, system):
        return {name: cpu_seconds(service.process.pid) for name, service in system.services.items()}

    def throughput(self):
        clip = self.clip("three.mp4", 640, 480, [(0, 0), (214, 150), (428, 300)])
        system = self.started()
        system.play(clip, FACEBUS_CAMERAS_CLIP_LOOP="true")
        self.read(system, 5)
        health = system.services["capture"].health
        frames = metric(health, "facebus_frames_total", camera="clip")
        before, start = self.used(system), time.monotonic()
        self.read(system, 20)
        spent = time.monotonic() - start
        frames = metric(health, "facebus_frames_total", camera="clip") - frames
        used = {name: after - before[name] for name, after in self.used(system).items()}
        peer = float(subprocess.run([os.environ["FACEBUS_PEER_PYTHON"], HERE / "peers.py", "frames", clip, "60"],
                                    stdout=subprocess.PIPE, check=True, text=True).stdout)
        print("| facebus frames/s | Python peer frames/s | ratio |\n|--:|--:|--:|")
        print(f"| {frames / spent:.1f} | {peer:.1f} | {frames / spent / peer:.1f} |\n")
        total = sum(used.values())
        print("| process | CPU ms a frame | share |\n|---|--:|--:|")
        for name, seconds in used.items():
            print(f"| {name} | {seconds / frames * 1000:.2f} | {seconds / total:.0%} |")

    def latency(self):
        period = 2.0
        clip = self.clip("comes.mp4", 640, 480, [(214, 150)], seconds=period)
        # There for the first half, away for the second.
        clip = ffmpeg_clip(self, "goes.mp4", "-i", clip, "-vf", f"drawbox=color=gray:t=fill:enable='gte(t,{period / 2})'")
        system = self.started()
        system.play(clip, FACEBUS_CAMERAS_CLIP_LOOP="true", FACEBUS_CAMERAS_CLIP_PACE="live")
        self.read(system, 5)
        first = {}
        for arrived, message in self.read(system, 120):
            first.setdefault(message["track"], (arrived, message))
        found = []
        for arrived, message in first.values():
            since = message["pts"] / 1e9 % period
            if since < period / 2:
                found.append((arrived - message["ts"]) / 1e6 + since * 1000)
        found.sort()
        print(f"first sight to first identity, {len(found)} times, {RATE} frames/s, one camera: "
              f"p50 {statistics.median(found):.0f} ms, p99 {found[int(len(found) * 0.99)]:.0f} ms")

    def cameras(self):
        clip = self.clip("one.mp4", 1280, 720, [(500, 250)], man=352)
        print("| cameras, 1280x720, 25 frames/s | frames/s | dropped | of them | cores in use |\n|--:|--:|--:|--:|--:|")
        system = self.started()
        for count in (1, 2, 3, 4, 6, 8, 12):
            cameras = {f"FACEBUS_CAMERAS_C{i}_{key}": value for i in range(count)
                       for key, value in (("SOURCE", clip), ("LOOP", "true"), ("PACE", "live"))}
            system.start("capture", **cameras)
            self.read(system, 4)

            def total(count=count):
                health = system.services["capture"].health
                frames = sum(metric(health, "facebus_frames_total", camera=f"c{i}") for i in range(count))
                dropped = sum(dropped_by(system, name) for name in ("capture", "motion", "detect-align", "track"))
                return frames, dropped

            before, used, start = total(), self.used(system), time.monotonic()
            self.read(system, 15)
            spent = time.monotonic() - start
            cores = sum(self.used(system)[name] - used[name] for name in used) / spent
            frames, dropped = (after - earlier for after, earlier in zip(total(), before))
            print(f"| {count} | {frames / spent:.0f} | {dropped:.0f} | {dropped / frames:.1%} | {cores:.2f} |", flush=True)
            system.forget("capture")
            if dropped > frames * 0.02:
                break


def dropped_by(system, name):
    """All that a stage dropped, whatever the labels."""
    from system import ask
    body = ask(system.services[name].health, "/metrics")[2]
    return sum(float(line.rsplit(" ", 1)[1]) for line in body.splitlines()
               if line.startswith("facebus_dropped_total"))


if __name__ == "__main__":
    os.environ["FACEBUS_REQUIRE_ALL"] = "1"
    if len(sys.argv) != 2 or sys.argv[1] not in ("throughput", "latency", "cameras"):
        print(__doc__, file=sys.stderr)
        sys.exit(64)
    suite = unittest.TestSuite([Pipeline(sys.argv[1])])
    with open(os.devnull, "w") if not os.environ.get("FACEBUS_BENCH_VERBOSE") else sys.stderr as quiet:
        result = unittest.TextTestRunner(stream=quiet).run(suite)
    for _, trace in result.errors + result.failures:
        print(trace, file=sys.stderr)
    sys.exit(not result.wasSuccessful())
