"""Measures the whole system for tests/bench/run: frames per second, CPU profile, latency, number of cameras, number of
workers, and overload. The clips show the man of the demo clip on grey, once per requested face.

pipeline.py throughput | profile | latency | cameras | workers | overload
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "fault"), str(HERE.parent / "process")]

import support  # noqa: E402
from images import carphone_frames, ffmpeg_clip  # noqa: E402
from peers import Edge  # noqa: E402
from support import CARPHONE, cpu_seconds  # noqa: E402
from system import System, metric  # noqa: E402

RATE = 25


class Pipeline(support.ProcessTest):
    limit = 1500

    def clip(self, name, width, height, positions, seconds=4.0, man=212):
        """Returns a clip that shows the man, `man` pixels wide, at the positions."""
        graph = f"[0:v]fps={RATE},scale={man}:-2,split={len(positions)}" + "".join(
            f"[m{i}]" for i in range(len(positions))) + ";"
        last = "1:v"
        for i, (x, y) in enumerate(positions):
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
        print("| process | CPU ms per frame | share |\n|---|--:|--:|")
        for name, seconds in used.items():
            print(f"| {name} | {seconds / frames * 1000:.2f} | {seconds / total:.0%} |")

    def profile(self):
        """Prints how the CPU time of all processes divides between components, measured by perf."""
        clip = self.clip("three.mp4", 640, 480, [(0, 0), (214, 150), (428, 300)])
        system = self.started()
        system.play(clip, FACEBUS_CAMERAS_CLIP_LOOP="true")
        self.read(system, 5)
        data = self.folder / "perf.data"
        pids = ",".join(str(service.process.pid) for service in system.services.values())
        with open(self.folder / "perf.log", "wb") as log:
            subprocess.run(["perf", "record", "-q", "-F", "499", "-p", pids, "-o", data, "--", "sleep", "15"],
                           stdout=log, stderr=log, check=True)
        report = subprocess.run(["perf", "report", "-i", data, "--no-children", "--sort", "comm,dso,sym",
                                 "--percent-limit", "0", "-F", "overhead,comm,dso,sym", "-t", ";"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
        shares = dict.fromkeys([*(kind for kind, _ in self.KINDS), "other"], 0.0)
        for line in report.splitlines():
            cells = [cell.strip() for cell in line.split(";")]
            if len(cells) != 4 or not cells[0].endswith("%"):
                continue
            kind = next((kind for kind, pattern in self.KINDS if re.search(pattern, " ".join(cells[1:]))), "other")
            shares[kind] += float(cells[0].rstrip("%"))
        print("| part | share of CPU time |\n|---|--:|")
        for kind, share in shares.items():
            print(f"| {kind} | {share:.1f}% |")

    # The first matching pattern counts.
    KINDS = (("sockets: libzmq", r"libzmq"),
             ("kernel: sockets",
              r"\[k\].*(sock|skb|unix|copy_|rep_movs|epoll|eventfd|poll|sendmsg|recvmsg|tcp|pipe)"),
             ("kernel: page faults, scheduling, other", r"\[k\]"),
             ("messages: MessagePack, codec, streams", r"msgpack|facebus::(wire|bus)::"),
             ("copies: memcpy and memset of all processes", r"mem(move|cpy|set)"),
             ("FaceNet: OpenCV DNN", r"libopencv_dnn|facebus-recogni.*libtbb"),
             ("MTCNN", r"facebus-detect"),
             ("decoding", r"libav|libsw|libx264|libh264"),
             ("motion", r"facebus-motion"))

    def latency(self):
        period = 2.0
        clip = self.clip("visible.mp4", 640, 480, [(214, 150)], seconds=period)
        # Visible in the first half, hidden in the second.
        clip = ffmpeg_clip(self, "half_visible.mp4", "-i", clip, "-vf",
                           f"drawbox=color=gray:t=fill:enable='gte(t,{period / 2})'")
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
        print(f"first frame to first identity, {len(found)} times, {RATE} frames/s, one camera: "
              f"p50 {statistics.median(found):.0f} ms, p99 {found[int(len(found) * 0.99)]:.0f} ms")

    def cameras(self):
        clip = self.clip("one.mp4", 1280, 720, [(500, 250)], man=352)
        print("| cameras, 1280x720, 25 frames/s | frames/s | dropped | share dropped | cores in use |\n"
              "|--:|--:|--:|--:|--:|")
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
            if count == 1:
                memory = {name: resident(system, name) for name in self.EDGE}
            cores = sum(self.used(system)[name] - used[name] for name in used) / spent
            frames, dropped = (after - earlier for after, earlier in zip(total(), before, strict=True))
            print(f"| {count} | {frames / spent:.0f} | {dropped:.0f} | {dropped / frames:.1%} | {cores:.2f} |",
                  flush=True)
            system.stop("capture")
            if dropped > frames * 0.02:
                break
        print("\n| the edge, one camera 1280x720 | MiB |\n|---|--:|")
        for name, mib in memory.items():
            print(f"| {name} | {mib:.0f} |")
        print(f"| total | {sum(memory.values()):.0f} |")

    EDGE = ("capture", "motion", "detect-align", "track")


    def workers(self):
        """Measures the probes per second of real workers, with an edge that always has more probes."""
        print("| workers | batch | probes/s | core ms per probe | MiB per worker |\n|--:|--:|--:|--:|--:|")
        for workers, batch in ((1, 1), (1, 2), (1, 4), (1, 8), (1, 16), (2, 1), (2, 8)):
            system = System(self, workers=workers, FACEBUS_RECOGNIZE_BATCH=str(batch))
            system.start_redis()
            system.start("broker", "recognize")
            edge = Edge(system.context, system.ipc("probes"), "bench")
            edge.send(4 * workers * batch)

            def answered(seconds, edge=edge, in_flight=4 * workers * batch):
                end, start = time.monotonic() + seconds, edge.sent - len(edge.unacknowledged)
                while time.monotonic() < end:
                    edge.socket.poll(100)
                    edge.receive()
                    edge.send(in_flight - len(edge.unacknowledged))
                return edge.sent - len(edge.unacknowledged) - start

            answered(4)
            names = [name for name in system.services if name.startswith("recognize")]
            before, start = self.used(system), time.monotonic()
            count = answered(15)
            spent, after = time.monotonic() - start, self.used(system)
            cpu = sum(after[name] - before[name] for name in names) / count * 1000
            memory = max(resident(system, name) for name in names)
            print(f"| {workers} | {batch} | {count / spent:.1f} | {cpu:.1f} | {memory:.0f} |", flush=True)
            edge.socket.close()
            for name in list(system.services):
                system.stop(name)

    def overload(self):
        """Sends ten times as many probes as a worker can process, for a minute."""
        queue = 1000
        system = System(self, FACEBUS_BROKER_QUEUE=str(queue))
        system.start_redis()
        system.start("broker", "recognize")
        rate = 200
        edge = Edge(system.context, system.ipc("probes"), "bench")
        # Like `track`, the edge drops the oldest probe when its outbox is full.
        outbox = 256
        start = time.monotonic()
        empty, deepest = resident(system, "broker"), 0
        while (passed := time.monotonic() - start) < 60:
            edge.send(int(passed * rate) - edge.sent)
            while len(edge.unacknowledged) > queue + outbox:
                edge.unacknowledged.pop(next(iter(edge.unacknowledged)))
            edge.socket.poll(20)
            edge.receive()
            deepest = max(deepest, metric(system.services["broker"].health, "facebus_queue_probes") or 0)
        print(f"{rate} probes/s for a minute, one worker: at most {deepest:.0f} in "
              f"the broker's queue of {queue:,}, which uses {resident(system, 'broker') - empty:.0f} MiB "
              "more than an empty queue")
        edge.socket.close()


def resident(system, name):
    """Returns the peak memory of a service in MiB."""
    text = pathlib.Path(f"/proc/{system.services[name].process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) / 1024


def dropped_by(system, name):
    """Returns how many messages a stage has dropped, over all labels."""
    from system import http_get
    body = http_get(system.services[name].health, "/metrics")[2]
    return sum(float(line.rsplit(" ", 1)[1]) for line in body.splitlines()
               if line.startswith("facebus_dropped_total"))


if __name__ == "__main__":
    os.environ["FACEBUS_REQUIRE_ALL"] = "1"
    if len(sys.argv) != 2 or sys.argv[1] not in ("throughput", "profile", "latency", "cameras", "workers", "overload"):
        print(__doc__, file=sys.stderr)
        sys.exit(64)
    suite = unittest.TestSuite([Pipeline(sys.argv[1])])
    with open(os.devnull, "w") if not os.environ.get("FACEBUS_BENCH_VERBOSE") else sys.stderr as quiet:
        result = unittest.TextTestRunner(stream=quiet).run(suite)
    for _, trace in result.errors + result.failures:
        print(trace, file=sys.stderr)
    sys.exit(not result.wasSuccessful())
