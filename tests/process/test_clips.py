"""Acceptance test on real clips. Replays clips with several people and compares the results with the ground truth in
truth/*.json. Everyone who is enrolled and visible must be identified in at least one track, and no track may end with a
wrong name. A clip without faces must give no result. Requires FACEBUS_DATA.

The name of a track is the name in its last result. If a track has a name, that name must belong to the person who is
most often at the position of the track. An unknown person must not get a name."""

import collections
import json
import pathlib
import unittest
from fractions import Fraction

import support
from support import DATA
from system import System, identities

TRUTH = pathlib.Path(__file__).parent / "truth"
NS = 1_000_000_000


class Track:
    """Messages about one track on the result topic."""

    def __init__(self):
        self.positions = []   # (frame, x of the centre)
        self.identities = []

    @property
    def decision(self):
        return self.identities[-1]["decision"] if self.identities else "-"

    @property
    def name(self):
        """Name in the last result of the track, or None."""
        return self.identities[-1].get("subject") if self.decision == "known" else None

    def row(self, number, people, verdict):
        """Returns a row of the table. `people`: names of the people at the position of the track."""
        first, last = self.positions[0][0], self.positions[-1][0]
        x = sum(x for _, x in self.positions) / len(self.positions)
        last_identity = self.identities[-1] if self.identities else None
        similarity = last_identity.get("similarity") if last_identity else None
        results = [i.get("subject") if i["decision"] == "known" else i["decision"]
                   for i in self.identities]
        results = [name for i, name in enumerate(results) if i == 0 or name != results[i - 1]]
        return (f"{number:>5}  {first:>4}-{last:<4} {x:>5.0f}  {' > '.join(results) or '-':<44} "
                f"{'' if similarity is None else format(similarity, '.3f'):>10} "
                f"{last_identity['probes'] if last_identity else 0:>6}  "
                f"{', '.join(name or 'unknown' for name in people) or 'nobody':<32} {verdict}")


def frame_rate(case, clip):
    support.need_tool("ffprobe")
    result = case.run_program(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
                               "stream=r_frame_rate", "-of", "csv=p=0", clip])
    case.assertEqual(0, result.code, result)
    return float(Fraction(result.out.strip().split(",")[0]))


def tracks_of(messages, rate):
    """Returns the tracks by id, in order of their first message."""
    tracks = collections.defaultdict(Track)
    for message in messages:
        if message.kind not in ("track", "identity") or message.get("event") == "end":
            continue
        track = tracks[message["track"]]
        if message.kind == "identity":
            track.identities.append(message)
        box = message["box"]
        track.positions.append((round(message["pts"] / NS * rate), box["x"] + box["width"] / 2))
    for track in tracks.values():
        track.positions.sort()
    return tracks


def people_at(track, truth):
    """Returns the names of the people at the position of the track, most frequent first. An unknown person has the name
    None."""
    seen = collections.Counter()
    for frame, x in track.positions:
        for person in truth["seen"]:
            if (person["first_frame"] <= frame <= person["last_frame"]
                    and person["left"] <= x <= person["right"]):
                seen[person["name"]] += 1
    return [name for name, _ in seen.most_common()]


def continuity(tracks, truth):
    """Returns two numbers. Identity switches: how often a track changes from one person to another. Fragments: for each
    stay of an enrolled person, the tracks of this person beyond the first, added up over all stays. (A stay is a period
    of uninterrupted visibility in one area.) A track of a single frame, which is usually a hand or a false detection,
    also counts as a track of the person if it is at the person's position."""
    switches = 0
    seen = collections.Counter()
    for track in tracks:
        people = people_at(track, truth)
        switches += max(len(people) - 1, 0)
        for stay in truth["seen"]:
            if stay["name"] and people[:1] == [stay["name"]] and any(
                    stay["first_frame"] <= frame <= stay["last_frame"]
                    and stay["left"] <= x <= stay["right"] for frame, x in track.positions):
                seen[json.dumps(stay)] += 1
    return switches, sum(count - 1 for count in seen.values())


class ClipTest:
    limit = 400
    model = "facenet"

    @classmethod
    def setUpClass(cls):
        support.need_system()
        support.need_data()

    def replay(self, clip, gallery, left_out=None):
        system = System(self, workers=2, FACEBUS_TRACK_PUBLISH_POSITIONS="true",
                        FACEBUS_RECOGNIZE_MODEL=self.model)
        system.start_redis()
        system.enrol(*[entry for entry in sorted(gallery.iterdir())
                       if entry.stem != left_out])
        system.start_all()
        return system.replay(clip)

    def check_all_enrolled(self, file, max_fragments):
        """Prints a table of all tracks. Asserts that everyone who is enrolled is identified, that no track has a wrong
        name or switches from one person to another, and that there are at most `max_fragments` fragments."""
        truth = json.loads((TRUTH / file).read_text())
        clip = DATA / truth["clip"]
        messages = self.replay(clip, DATA / truth["gallery"])
        tracks = tracks_of(messages, frame_rate(self, clip))
        wrong, named = [], set()
        lines = [f"track  frames        x  results{'':<38} similarity probes  truth{'':<28}"]
        for number, track in enumerate(tracks.values(), 1):
            people = people_at(track, truth)
            # The person who is most often at the position of the track counts as the person in the track.
            right = track.name is not None and people[:1] == [track.name]
            if right:
                named.add(track.name)
            elif track.name is not None:
                wrong.append(f"track {number} is identified as {track.name}, but shows, most often first: "
                             f"{', '.join(p or 'an unknown person' for p in people) or 'nobody'}")
            verdict = "right" if right else "WRONG" if track.name else ""
            lines.append(track.row(number, people, verdict))
        missed = sorted({person["name"] for person in truth["seen"] if person["name"]} - named)
        unnamed = sum(1 for track in tracks.values() if track.name is None)
        lines.append(f"{len(tracks)} tracks: {len(tracks) - unnamed - len(wrong)} right, "
                     f"{len(wrong)} wrong, {unnamed} without a name; "
                     f"{len(named)} people identified, missed: {', '.join(missed) or 'nobody'}")
        switches, fragments = continuity(tracks.values(), truth)
        lines.append(f"{switches} identity switches, {fragments} fragments")
        print(f"\n{truth['clip']} ({self.model})\n" + "\n".join(lines), flush=True)
        self.assertEqual(([], []), (wrong, missed), "(wrong, missed)")
        for number, track in enumerate(tracks.values(), 1):
            if track.decision == "unknown":
                self.assertIsNone(people_at(track, truth)[0], f"track {number} of an enrolled person is unknown")
        self.assertEqual(0, switches, "identity switches")
        self.assertLessEqual(fragments, max_fragments, "fragments")

    def check_without(self, file, left_out):
        """Replays a clip without enrolling the person `left_out`. Asserts that no track of the person has a name and
        that at least one has the decision `unknown`."""
        truth = json.loads((TRUTH / file).read_text())
        clip = DATA / truth["clip"]
        tracks = tracks_of(self.replay(clip, DATA / truth["gallery"], left_out),
                           frame_rate(self, clip))
        decisions = collections.Counter()
        for track in tracks.values():
            if people_at(track, truth)[:1] == [left_out]:
                decisions[track.decision] += 1
                self.assertIsNone(track.name, f"{left_out} is identified as {track.name}")
        print(f"\n{truth['clip']} without {left_out}: {dict(decisions)}", flush=True)
        self.assertGreater(decisions["unknown"], 0, f"no track of {left_out} has the decision unknown")

    def test_identifies_both_men_on_the_stage_and_nobody_else(self):
        self.check_all_enrolled("two_people_stage.json", max_fragments=0)

    def test_identifies_all_six_people_in_the_scene(self):
        self.check_all_enrolled("six_people_720p.json", max_fragments=0)


class FaceNet(ClipTest, support.ProcessTest):
    def test_does_not_identify_a_person_who_is_not_enrolled(self):
        self.check_without("six_people_720p.json", "Ross")
        self.check_without("two_people_stage.json", "lin-manuel-miranda")

    def test_publishes_no_identity_for_road_traffic_without_faces(self):
        gallery = DATA / "video-gallery/friends"
        messages = self.replay(DATA / "video/noface_opencv4nodejs_traffic.mp4", gallery)
        seen = identities(messages)
        for m in seen:
            print(f"\nan identity at {m['pts'] / NS:.2f} s: {m['decision']} {m['box']}")
        self.assertEqual([], [m.header for m in seen])
        self.assertEqual("end", messages[-1]["event"], "the clip was not played to its end")


class SFace(ClipTest, support.ProcessTest):
    model = "sface"


if __name__ == "__main__":
    unittest.main()
