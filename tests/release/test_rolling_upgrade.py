"""Replaces services of one version by those of another, one by one, while probes are processed, and checks that every
probe has exactly one result in the history. tools/check-release runs this and sets PREVIOUS_BIN to the folder with the
programs of the previous version.
"""

import os
import pathlib
import sys
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("fault", "process")]

import fault_system  # noqa: E402
import support  # noqa: E402
from fault_system import FaultSystem, FaultTest  # noqa: E402
from images import carphone_frames  # noqa: E402
from support import BIN, CARPHONE  # noqa: E402
from system import EDGE_RECEIVERS, msgpack, zmq  # noqa: E402

PREVIOUS = os.environ.get("PREVIOUS_BIN", "")
SERVER = ("broker", "recognize-1", "recognize-2")
EDGE = ("track", "motion", "capture")  # with `track`, detect-align is replaced, too
DIRECTIONS = {"upgrade": (PREVIOUS, str(BIN)), "rollback": (str(BIN), PREVIOUS)}
# Returns one line per result of the history: the entry in hexadecimal digits.
RESULTS = """
local out = {}
for _, entry in ipairs(redis.call('XRANGE', 'facebus:results', '-', '+')) do
    for i = 1, #entry[2], 2 do
        if entry[2][i] == 'header' then
            table.insert(out, (entry[2][i + 1]:gsub('.', function(c) return string.format('%02x', c:byte()) end)))
        end
    end
end
return out
"""


class MixedSystem(FaultSystem):
    """System whose services can come from two versions."""

    bin = PREVIOUS  # folder of the programs that are started next

    def program(self, name):
        return f"{self.bin}/facebus-{name}"

    def connect_detect(self):
        # Older versions of `track` have one endpoint for all cameras.
        lossless = self.folder / "track.lossless"
        self.detect = self.context.socket(zmq.PUSH)
        self.detect.linger = 0
        self.detect.connect(f"ipc://{lossless if lossless.exists() else self.folder / 'track'}")

    def replace(self, name, folder, **environment):
        """Stops a service and starts the same service of the version in `folder`."""
        self.stop(name)
        self.bin = folder
        if name.startswith("recognize"):
            self.start_worker(name)
        else:
            self.start(name, **environment)

    def stored_probes(self):
        """Returns the number of different probes in the memory of tracks. Two versions can name a track differently;
        a probe that the edge sent again to another broker is then stored under both names."""
        script = ("local ids, n = {}, 0 for _, k in ipairs(redis.call('KEYS', 'facebus:track:*')) do "
                  "for _, id in ipairs(redis.call('HKEYS', k)) do "
                  "if not ids[id] then ids[id] = true n = n + 1 end end end return n")
        return int(self.redis("EVAL", script, "0"))

    def history(self):
        """Returns the results in the history, as message headers."""
        lines = self.redis("--raw", "EVAL", RESULTS, "0").splitlines()
        return [msgpack.unpackb(bytes.fromhex(line)) for line in lines]


class RollingUpgrade(FaultTest):
    limit = 300

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        support.need(PREVIOUS, "PREVIOUS_BIN is not set; run tools/check-release")

    def check_history(self, system):
        """Checks that the results of each run of the broker are in the history once, without a gap."""
        runs = {}
        for result in system.history():
            runs.setdefault(result["run"], []).append(result["result"])
        for numbers in runs.values():
            self.assertEqual(list(range(1, len(numbers) + 1)), sorted(numbers))

    def test_every_probe_has_one_result_if_the_server_is_replaced_in_any_order(self):
        # Each frame begins new tracks, so each probe is the only one of its track and has a result of its own.
        self.addCleanup(setattr, fault_system, "TRACK_FRAMES", fault_system.TRACK_FRAMES)
        fault_system.TRACK_FRAMES = 1
        for direction, (old, new) in DIRECTIONS.items():
            for order in (SERVER, SERVER[::-1]):
                with self.subTest(direction=direction, order=order):
                    system = MixedSystem(self)
                    system.bin = old
                    system.start_server()
                    for name in order:
                        system.feed(8)
                        system.wait_for_acknowledgements(system.acknowledged() + 1)
                        system.replace(name, new)
                    system.feed(8)
                    self.check_all_completed(system, f"{direction}, one by one: {', '.join(order)}")
                    probes = sorted(result["probe"] for result in system.history())
                    self.assertEqual(sorted(set(probes)), probes, "a probe has two results")
                    self.assertEqual(system.fed, len(probes), "a probe has no result")
                    self.check_history(system)
                    self.stop_all(system)

    def test_no_probe_is_lost_if_all_services_are_replaced_while_a_clip_plays(self):
        frames = carphone_frames(self)
        for direction, (old, new) in DIRECTIONS.items():
            for order in (SERVER + EDGE, EDGE + SERVER):
                with self.subTest(direction=direction, order=order):
                    self.replace_while_playing(frames, direction, order, old, new)

    def replace_while_playing(self, frames, direction, order, old, new):
        # A loop of the clip, which is one track, must have fewer probes than Redis stores per track.
        system = MixedSystem(self, FACEBUS_TRACK_REFRESH="0.5")
        system.bin = old
        system.start_redis()
        system.enrol("--name", "man", frames)
        system.start("broker", "recognize")
        system.until(lambda m: m.kind == "status" and m["workers"] >= system.workers)
        system.start(*EDGE_RECEIVERS)
        clip = {"FACEBUS_CAMERAS_CLIP_SOURCE": CARPHONE, "FACEBUS_CAMERAS_CLIP_LOOP": "true",
                "FACEBUS_CAMERAS_CLIP_PACE": "live"}
        system.start("capture", **clip)
        system.wait_for_acknowledgements(1)
        sent = acknowledged = 0
        for name in order:
            if name == "track":
                # Probes that have not reached the broker are lost if `track` stops, so stop its input first.
                system.stop("detect-align")
                system.wait_for(lambda: system.track_metric("outbox_entries") == 0)
                sent += system.track_metric("probes_sent_total")
                acknowledged += system.acknowledged()
            system.replace(name, new, **(clip if name == "capture" else {}))
            if name == "track":
                system.start("detect-align")
            system.wait_for_acknowledgements(system.acknowledged() + 1)
        system.stop("capture")
        system.stop("motion")
        system.stop("detect-align")
        system.wait_for(lambda: system.track_metric("outbox_entries") == 0)
        sent += system.track_metric("probes_sent_total")
        acknowledged += system.acknowledged()
        self.check_counts(f"{direction} of all services, one by one: {', '.join(order)}", sent, acknowledged)
        self.assertEqual(sent, system.stored_probes())
        self.assertIn("man", {result.get("subject") for result in system.history()})
        self.check_history(system)
        self.stop_all(system)

    def stop_all(self, system):
        for name in reversed(list(system.services)):
            system.stop(name)


if __name__ == "__main__":
    unittest.main()
