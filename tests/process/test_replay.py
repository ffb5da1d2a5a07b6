"""Compares the running pipeline with `facebus evaluate`: replays photos of LFW as a camera. For each photo, both must
make the same decision with nearly the same score, so both have the same FNIR and FPIR. Requires FACEBUS_DATA."""

import collections
import json
import shutil
import unittest
from typing import NamedTuple

import support
from support import DATA
from system import System, identities

LFW = DATA / "lfw-dev/images"
ENROLLED = 40   # people with one enrolled photo; one other photo of each is replayed
IMPOSTORS = 60  # people who are not enrolled; one photo of each is replayed
FRAME = 40_000_000  # ns between two images of a folder
SCORE_TOLERANCE = 0.001
SETTINGS = {
    "FACEBUS_RECOGNIZE_FPIR": 0.05,
    "FACEBUS_RECOGNIZE_MIN_PROBES": 1,     # decide after a single photo
    "FACEBUS_GALLERY_KEEP_PHOTOS": "false",
}
# Makes each photo a track of its own. A photo is one frame, and the next frame shows no face.
TRACKS = {"FACEBUS_TRACK_CONFIRM": 1, "FACEBUS_TRACK_MAX_GAP": 0.04, "FACEBUS_TRACK_MIN_QUALITY": 0,
          "FACEBUS_MOTION_FULL_INTERVAL": 0.04}


class Search(NamedTuple):
    decision: str
    subject: str | None
    score: float | None


def rates(searches, truth):
    """Returns FNIR and FPIR. `truth`: name of the person in each photo, or None if the person is not enrolled."""
    missed = sum(searches[file].subject != name for file, name in truth.items() if name)
    named = sum(searches[file].subject is not None for file, name in truth.items() if not name)
    return missed / sum(map(bool, truth.values())), named / list(truth.values()).count(None)


class ReplayTest(support.ProcessTest):
    limit = 300

    @classmethod
    def setUpClass(cls):
        support.need_system()
        support.need_data()

    def single_faces(self, files):
        """Returns the files in which the detector finds exactly one face."""
        result = self.facebus("detect", "--json", *files)
        self.assertEqual(0, result.code, result)
        found = [json.loads(line) for line in result.out.splitlines()]
        return {LFW / line["file"] for line in found if len(line["faces"]) == 1}

    def choose(self):
        """Copies photos to the folders `enrolled` and `searched`, sorted by person. Returns the searched photos with
        the names of their people, or None for impostors."""
        photos = {folder.name: sorted(folder.iterdir())[:2] for folder in sorted(LFW.iterdir())}
        twice = [name for name, files in photos.items() if len(files) == 2][:2 * ENROLLED]
        once = [name for name, files in photos.items() if len(files) == 1][:IMPOSTORS + 25]
        good = self.single_faces([file for name in twice + once for file in photos[name]])
        twice = [name for name in twice if good.issuperset(photos[name])][:ENROLLED]
        once = [name for name in once if good.issuperset(photos[name])][:IMPOSTORS]
        self.assertEqual((ENROLLED, IMPOSTORS), (len(twice), len(once)))
        truth = {}
        for name in twice + once:
            *enrolled, searched = photos[name]
            for folder, files in (("enrolled", enrolled), ("searched", [searched])):
                for file in files:
                    (self.folder / folder / name).mkdir(parents=True)
                    shutil.copy(file, self.folder / folder / name)
            truth[f"{name}/{searched.name}"] = name if enrolled else None
        return truth

    def evaluate(self, system):
        """Returns what `facebus evaluate` decides about each searched photo, and the FNIR and FPIR that it measures."""
        result = system.facebus("evaluate", self.folder / "searched", "--gallery", "--json", "--cache",
                                self.folder / "faces")
        self.assertEqual(0, result.code, result)
        report = json.loads(result.out)
        return ({search["file"]: Search(search["decision"], search.get("subject"), search["score"])
                 for search in report["searches"]}, (report["fnir"], report["fpir"]))

    def replay(self, system, files):
        """Replays the photos, each followed by an image without a face. Returns the decision about each."""
        frames = self.folder / "frames"
        frames.mkdir()
        for number, file in enumerate(files):
            shutil.copy(self.folder / "searched" / file, frames / f"{2 * number:06}.jpg")
            (frames / f"{2 * number + 1:06}.png").write_bytes(self.grey)
        messages = system.replay(frames)
        found = collections.defaultdict(list)
        for message in identities(messages):
            found[files[message["pts"] // (2 * FRAME)]].append(message)
        tracks = [message["track"] for seen in found.values() for message in seen]
        self.assertEqual((set(files), len(files)), (set(found), len(set(tracks))), "one track per photo")
        return {file: Search(last["decision"], last.get("subject"), last.get("score"))
                for file, (*_, last) in found.items()}

    @property
    def grey(self):
        """Image without a face, of the size of the photos."""
        support.need_tool("ffmpeg")
        file = self.folder / "grey.png"
        if not file.exists():
            self.run_program(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=gray:250x250", "-frames:v", "1",
                              file])
        return file.read_bytes()

    def test_the_pipeline_has_the_decisions_scores_and_error_rates_of_evaluate(self):
        truth = self.choose()
        system = System(self, **SETTINGS, **TRACKS)
        system.start_redis()
        system.enrol("--allow-duplicates", self.folder / "enrolled")
        expected, (fnir, fpir) = self.evaluate(system)
        self.assertEqual(set(truth), set(expected))
        self.assertEqual((fnir, fpir), rates(expected, truth))
        system.start_all()
        actual = self.replay(system, sorted(truth))
        differences = {file: (expected[file], actual[file]) for file in truth
                       if expected[file][:2] != actual[file][:2]}
        largest = max(abs(expected[file].score - actual[file].score) for file in truth)
        print(f"\n{len(truth)} photos: FNIR {fnir:.1%}, FPIR {fpir:.1%}; largest difference of a score {largest:.4f}",
              flush=True)
        self.assertEqual({}, differences, "decisions that differ (evaluate, pipeline)")
        self.assertLess(largest, SCORE_TOLERANCE)
        self.assertEqual((fnir, fpir), rates(actual, truth))


if __name__ == "__main__":
    unittest.main()
