"""usage: pipeline.py throughput | profile | latency | cameras | workers | overload

Measures the whole system; tests/bench/run runs this script. In `workers` and `overload`, a simulated edge sends probes.
In the other measurements, cameras play clips that show the demo clip at one or more positions on a grey background.
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
from pipeline_table import EDGE  # noqa: E402
from support import CARPHONE, cpu_seconds  # noqa: E402
from system import System, metric  # noqa: E402

RATE = 25


class Pipeline(support.ProcessTest):
    limit = 1500

    def clip(self, name, width, height, positions, seconds=4.0, man=212):
        """Returns a clip of `width` x `height` pixels that shows the demo clip at each position (x, y), scaled to a
        width of `man` pixels."""
        graph = f"[0:v]fps={RATE},scale={man}:-2,split={len(positions)}" + "".join(
            f"[m{i}]" for i in range(len(positions))) + ";"
        last = "1:v"
        for i, (x, y) in enumerate(positions):
            graph += f"[{last}][m{i}]overlay={x}:{y}:eof_action=pass[o{i}];"
            last = f"o{i}"
        return ffmpeg_clip(self, name, "-i", CARPHONE, "-f", "lavfi", "-i",
                           f"color=gray:size={width}x{height}:rate={RATE}:duration={seconds}",
                           "-filter_complex", graph.rstrip(";"), "-map", f"[{last}]", "-t", str(seconds))

    def start_system(self, workers=1, **environment):
        """Returns a system that runs all services except capture. The man in the demo clip is enrolled."""
        system = System(self, workers=workers, **environment)
        system.start_redis()
        system.enrol("--name", "man", carphone_frames(self))
        system.start_all()
        return system

    def read(self, system, seconds):
        """Reads the result topic for `seconds`. Returns one pair per result: the Unix time of arrival in ns, and the
        message."""
        end = time.monotonic() + seconds
        results = []
        while (left := end - time.monotonic()) > 0:
            if system.subscriber.poll(left * 1000):
                message = system.next()
                if message.kind == "identity":
                    results.append((time.time_ns(), message))
        return results

    def cpu_times(self, system):
        """Returns the CPU time in seconds that each service has used."""
        return {name: cpu_seconds(service.process.pid) for name, service in system.services.items()}

    def throughput(self):
        """Prints the frames per second of facebus and of a comparable Python program (command `frames` of peers.py).
        Also prints the CPU time per frame of each process of facebus."""
        clip = self.clip("three.mp4", 640, 480, [(0, 0), (214, 150), (428, 300)])
        system = self.start_system()
        system.play(clip, FACEBUS_CAMERAS_CLIP_LOOP="true")
        self.read(system, 5)
        health = system.services["capture"].health
        frames = metric(health, "facebus_frames_total", camera="clip")
        before, start = self.cpu_times(system), time.monotonic()
        self.read(system, 20)
        elapsed = time.monotonic() - start
        frames = metric(health, "facebus_frames_total", camera="clip") - frames
        used = {name: after - before[name] for name, after in self.cpu_times(system).items()}
        peer = float(subprocess.run([os.environ["FACEBUS_PEER_PYTHON"], HERE / "peers.py", "frames", clip, "60"],
                                    stdout=subprocess.PIPE, check=True, text=True).stdout)
        print("| facebus frames/s | Python peer frames/s | ratio |\n|--:|--:|--:|")
        print(f"| {frames / elapsed:.1f} | {peer:.1f} | {frames / elapsed / peer:.1f} |\n")
        total = sum(used.values())
        print("| process | CPU ms per frame | share |\n|---|--:|--:|")
        for name, seconds in used.items():
            print(f"| {name} | {seconds / frames * 1000:.2f} | {seconds / total:.0%} |")

    def profile(self):
        """Prints how the CPU time of all processes of facebus is divided among their components, measured with perf."""
        clip = self.clip("three.mp4", 640, 480, [(0, 0), (214, 150), (428, 300)])
        system = self.start_system()
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
        shares = dict.fromkeys([*(component for component, _ in self.COMPONENTS), "other"], 0.0)
        for line in report.splitlines():
            cells = [cell.strip() for cell in line.split(";")]
            if len(cells) != 4 or not cells[0].endswith("%"):
                continue
            component = next((component for component, pattern in self.COMPONENTS
                              if re.search(pattern, " ".join(cells[1:]))), "other")
            shares[component] += float(cells[0].rstrip("%"))
        print("| part | share of CPU time |\n|---|--:|")
        for component, share in shares.items():
            print(f"| {component} | {share:.1f}% |")

    # Pairs of a component and a pattern. A line of perf's report counts for the first component with a matching
    # pattern.
    COMPONENTS = (
        ("sockets: libzmq", r"libzmq"),
        ("kernel: sockets", r"\[k\].*(sock|skb|unix|copy_|rep_movs|epoll|eventfd|poll|sendmsg|recvmsg|tcp|pipe)"),
        ("kernel: page faults, scheduling, other", r"\[k\]"),
        ("messages: MessagePack, codec, streams", r"msgpack|facebus::(wire|bus)::"),
        ("copies: memcpy and memset of all processes", r"mem(move|cpy|set)"),
        ("FaceNet: OpenCV DNN", r"libopencv_dnn|facebus-recogni.*libtbb"),
        ("MTCNN", r"facebus-detect"),
        ("decoding", r"libav|libsw|libx264|libh264"),
        ("motion", r"facebus-motion"),
    )

    def latency(self):
        """Prints the time from the first frame that shows a person to the arrival of the first result about the
        person."""
        period = 2.0
        clip = self.clip("visible.mp4", 640, 480, [(214, 150)], seconds=period)
        # The man is visible in the first half of the clip and hidden in the second.
        clip = ffmpeg_clip(self, "half_visible.mp4", "-i", clip, "-vf",
                           f"drawbox=color=gray:t=fill:enable='gte(t,{period / 2})'")
        system = self.start_system()
        system.play(clip, FACEBUS_CAMERAS_CLIP_LOOP="true", FACEBUS_CAMERAS_CLIP_PACE="live")
        self.read(system, 5)
        first = {}
        for arrived, message in self.read(system, 120):
            first.setdefault(message["track"], (arrived, message))
        latencies = []
        for arrived, message in first.values():
            visible_for = message["pts"] / 1e9 % period
            if visible_for < period / 2:
                latencies.append((arrived - message["ts"]) / 1e6 + visible_for * 1000)
        latencies.sort()
        print(f"first frame to first identity, {len(latencies)} measurements, {RATE} frames/s, one camera: "
              f"p50 {statistics.median(latencies):.0f} ms, p99 {latencies[int(len(latencies) * 0.99)]:.0f} ms")

    def cameras(self):
        """Prints the frame rate, the dropped frames and the CPU time with 1 to 12 live cameras. Stops if more than 2%
        of the frames are dropped. Also prints the peak memory of the edge processes with one camera."""
        clip = self.clip("one.mp4", 1280, 720, [(500, 250)], man=352)
        print("| cameras, 1280x720, 25 frames/s | frames/s | dropped | share dropped | cores in use |\n"
              "|--:|--:|--:|--:|--:|")
        system = self.start_system()
        for count in (1, 2, 3, 4, 6, 8, 12):
            cameras = {f"FACEBUS_CAMERAS_C{i}_{key}": value for i in range(count)
                       for key, value in (("SOURCE", clip), ("LOOP", "true"), ("PACE", "live"))}
            system.start("capture", **cameras)
            self.read(system, 4)

            def totals(count=count):
                """Returns how many frames have been captured and how many dropped so far."""
                health = system.services["capture"].health
                frames = sum(metric(health, "facebus_frames_total", camera=f"c{i}") for i in range(count))
                dropped = sum(dropped_by(system, stage.process) for stage in EDGE)
                return frames, dropped

            before, used, start = totals(), self.cpu_times(system), time.monotonic()
            self.read(system, 15)
            elapsed = time.monotonic() - start
            if count == 1:
                memory = {stage.process: peak_memory(system, stage.process) for stage in EDGE}
            cores = sum(self.cpu_times(system)[name] - used[name] for name in used) / elapsed
            frames, dropped = (after - earlier for after, earlier in zip(totals(), before, strict=True))
            print(f"| {count} | {frames / elapsed:.0f} | {dropped:.0f} | {dropped / frames:.1%} | {cores:.2f} |",
                  flush=True)
            system.stop("capture")
            if dropped > frames * 0.02:
                break
        print("\n| the edge, one camera 1280x720 | MiB |\n|---|--:|")
        for name, mib in memory.items():
            print(f"| {name} | {mib:.0f} |")
        print(f"| total | {sum(memory.values()):.0f} |")

    def workers(self):
        """Prints how many probes real workers process per second if a simulated edge always has more probes to send."""
        print("| workers | batch | probes/s | CPU ms per probe | peak MiB per worker |\n|--:|--:|--:|--:|--:|")
        for workers, batch in ((1, 1), (1, 2), (1, 4), (1, 8), (1, 16), (2, 1), (2, 8)):
            system = System(self, workers=workers, FACEBUS_RECOGNIZE_BATCH=str(batch))
            system.start_redis()
            system.start("broker", "recognize")
            edge = Edge(system.context, system.ipc("probes"), "bench")
            edge.send(4 * workers * batch)

            def run_edge(seconds, edge=edge, pending=4 * workers * batch):
                """Keeps `pending` probes unacknowledged for `seconds`. Returns how many were acknowledged."""
                end, start = time.monotonic() + seconds, edge.sent - len(edge.unacknowledged)
                while time.monotonic() < end:
                    edge.socket.poll(100)
                    edge.receive()
                    edge.send(pending - len(edge.unacknowledged))
                return edge.sent - len(edge.unacknowledged) - start

            run_edge(4)
            names = [name for name in system.services if name.startswith("recognize")]
            before, start = self.cpu_times(system), time.monotonic()
            count = run_edge(15)
            elapsed, after = time.monotonic() - start, self.cpu_times(system)
            cpu = sum(after[name] - before[name] for name in names) / count * 1000
            memory = max(peak_memory(system, name) for name in names)
            print(f"| {workers} | {batch} | {count / elapsed:.1f} | {cpu:.1f} | {memory:.0f} |", flush=True)
            edge.socket.close()
            for name in list(system.services):
                system.stop(name)

    def overload(self):
        """Sends 200 probes per second for a minute, which exceeds the capacity of the only worker. Prints the maximum
        length of the broker's queue and the memory that the queue uses."""
        queue = 1000
        system = System(self, FACEBUS_BROKER_QUEUE=str(queue))
        system.start_redis()
        system.start("broker", "recognize")
        rate = 200
        edge = Edge(system.context, system.ipc("probes"), "bench")
        # Like `track`, the simulated edge drops its oldest probe if too many are unacknowledged. Unlike in `track`, the
        # maximum number of unacknowledged probes exceeds the capacity of the broker's queue, so that a single edge can
        # fill the queue.
        outbox = 256
        start = time.monotonic()
        empty, longest = peak_memory(system, "broker"), 0
        while (elapsed := time.monotonic() - start) < 60:
            edge.send(int(elapsed * rate) - edge.sent)
            while len(edge.unacknowledged) > queue + outbox:
                edge.unacknowledged.pop(next(iter(edge.unacknowledged)))
            edge.socket.poll(20)
            edge.receive()
            longest = max(longest, metric(system.services["broker"].health, "facebus_queue_probes") or 0)
        print(f"{rate} probes/s for a minute, one worker: at most {longest:.0f} in "
              f"the broker's queue of {queue:,}, which uses {peak_memory(system, 'broker') - empty:.0f} MiB "
              "more than an empty queue")
        edge.socket.close()


def peak_memory(system, name):
    """Returns the peak memory of a service in MiB."""
    text = pathlib.Path(f"/proc/{system.services[name].process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) / 1024


def dropped_by(system, name):
    """Returns how many messages a stage has dropped in total: the sum over the labels of facebus_dropped_total."""
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
