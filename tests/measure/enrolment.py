#!/usr/bin/env python3
"""Measures what a poor enrolled photo costs, for docs/accuracy.md: the FNIR of people who are enrolled with one photo
and searched for with their other photos. The poor photos are the blurred ones of the set, and good ones that this
program degrades. Requires ffmpeg and the Python packages cbor2 and numpy.

Usage: enrolment.py FACEBUS PHOTOS WORK
PHOTOS is a folder of <name>/*.jpg. WORK is a new folder for the degraded photos and the embeddings."""

import collections
import pathlib
import subprocess
import sys

import cbor2
import numpy

DEGRADED_PEOPLE = 160
MIN_SHARPNESS = 10  # default of gallery.min_sharpness
GALLERY = 123  # people in the gallery for which the threshold is measured
FILTERS = {"blurred, sigma 2": "gblur=sigma=2:steps=3",
           "blurred, sigma 3": "gblur=sigma=3:steps=3",
           "blurred, sigma 4": "gblur=sigma=4:steps=3",
           "blurred, sigma 6": "gblur=sigma=6:steps=3",
           "reduced to 64x64": "scale=64:64:flags=area,scale=250:250:flags=bicubic"}
EYES, SHARPNESS, OVERALL = 0, 1, 4  # indices in the quality of a cached face


def faces(facebus, folder, cache):
    """Returns {file: (quality, embedding)} for the images in the folder."""
    if not cache.exists():
        subprocess.run([facebus, "evaluate", folder, "--trials", "1", "--cache", cache], check=True,
                       stdout=subprocess.DEVNULL)
    found = {}
    with open(cache, "rb") as file:
        decoder = cbor2.CBORDecoder(file)
        decoder.decode()  # signature
        while True:
            try:
                record = decoder.decode()
            except cbor2.CBORDecodeEOF:
                return found
            if "embedding" in record:
                found[record["file"]] = (record["quality"], numpy.array(record["embedding"], numpy.float32))


def threshold(people, rate=0.01, trials=200):
    """Returns the similarity that this share of the searches for impostors reaches, with one photo per person."""
    random = numpy.random.default_rng(1)
    best = []
    for _ in range(trials):
        faces = [people[i][random.integers(len(people[i]))][1] for i in random.permutation(len(people))]
        gallery, impostors = numpy.array(faces[:GALLERY]), numpy.array(faces[GALLERY:GALLERY + 400])
        best.append((impostors @ gallery.T).max(1))
    return numpy.quantile(numpy.concatenate(best), 1 - rate)


def main(facebus, photos, work):
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    everyone = collections.defaultdict(list)
    for file, (quality, embedding) in sorted(faces(facebus, photos, work / "photos.faces").items()):
        everyone[file.split("/")[0]].append((quality, embedding, file))
    limit = threshold(list(everyone.values()))
    several = {name: seen for name, seen in everyone.items() if len(seen) > 1}
    print(f"{len(everyone)} people, {len(several)} of them with several photos; threshold {limit:.2f}")

    def good(quality):
        return quality[EYES] >= 20 and quality[SHARPNESS] >= MIN_SHARPNESS and quality[OVERALL] >= 0.3

    def report(label, rows):
        """`rows`: per enrolled photo, the similarities to the probes."""
        rates = [numpy.mean(row < limit) for row in rows if len(row)]
        error = numpy.std(rates) / max(len(rates), 1) ** 0.5
        print(f"{label:<44} {len(rates):>5} photos  FNIR {100 * numpy.mean(rates):>5.1f} +- {100 * error:.1f} %")

    def searches(wanted):
        """Enrols each photo whose quality is wanted; the probes are the good other photos of the person."""
        return [numpy.array([other[1] @ photo[1] for other in seen if other is not photo and good(other[0])])
                for seen in several.values() for photo in seen if wanted(photo[0])]

    report("meets all rules", searches(good))
    report("quality below 0.3, but sharp", searches(lambda q: q[OVERALL] < 0.3 and q[SHARPNESS] >= MIN_SHARPNESS))
    for low, high in ((0, 4), (4, MIN_SHARPNESS), (MIN_SHARPNESS, 18), (18, 1e9)):
        report(f"sharpness {low} to {high:g}", searches(lambda q, a=low, b=high: a <= q[SHARPNESS] < b))

    folder = work / "degraded"
    folder.mkdir(exist_ok=True)
    chosen = {f"{number:04}": seen for number, (_, seen) in enumerate(sorted(several.items())[:DEGRADED_PEOPLE])}
    for number, seen in chosen.items():
        for kind, filters in enumerate(FILTERS.values()):
            target = folder / f"{number}_{kind}.jpg"
            if not target.exists():
                subprocess.run(["ffmpeg", "-v", "error", "-i", pathlib.Path(photos) / seen[0][2], "-vf", filters,
                                "-qscale:v", "2", target], check=True)
    degraded = [(int(file[5]), quality, embedding, chosen[file[:4]])
                for file, (quality, embedding) in faces(facebus, folder, work / "degraded.faces").items()]

    def rows(entries, combine=None):
        """The probes are all other photos of the person. `combine`: also enrol the original."""
        return [numpy.array([(other[1] @ e + other[1] @ seen[0][1]) / 2 if combine else other[1] @ e
                             for other in seen[1:]]) for _, _, e, seen in entries]

    report("the originals of the degraded photos", [numpy.array([other[1] @ seen[0][1] for other in seen[1:]])
                                                    for seen in chosen.values()])
    for kind, label in enumerate(FILTERS):
        entries = [entry for entry in degraded if entry[0] == kind]
        quality = numpy.median([entry[1] for entry in entries], axis=0)
        report(f"{label}, sharpness {quality[SHARPNESS]:.0f}, quality {quality[OVERALL]:.2f}", rows(entries))
        report(f"{label}, together with the original", rows(entries, combine=True))
    for low, high in ((0, 0.7), (0.7, 1.2), (1.2, 2), (2, 4), (4, MIN_SHARPNESS)):
        report(f"degraded, sharpness {low} to {high}",
               rows([entry for entry in degraded if low <= entry[1][SHARPNESS] < high]))
    for low, high in ((0, 0.3), (0.3, 0.6), (0.6, 1)):
        report(f"degraded, quality {low} to {high}",
               rows([entry for entry in degraded if low <= entry[1][OVERALL] < high]))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
