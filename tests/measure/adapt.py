#!/usr/bin/env python3
"""Measures `facebus adapt` on three simulated cameras, for docs/accuracy.md. Enrols one photo of each person with
several photos; the cameras see the other photos and everyone else. Requires ffmpeg and redis-server.

Usage: adapt.py FACEBUS PHOTOS WORK
PHOTOS is a folder of <name>/*.jpg. WORK is a new folder for images and embeddings."""

import json
import os
import pathlib
import subprocess
import sys

from redis_server import redis_server

# Camera: ffmpeg filters, and quality of the JPEG files (2 to 31; higher is worse).
CAMERAS = {
    "low resolution": ("scale=48:48:flags=area,scale=250:250:flags=bicubic", 3),
    "blur, noise and compression": ("gblur=sigma=2:steps=3,noise=all_strength=20:all_flags=t", 12),
    "infrared-like grey": ("colorchannelmixer=.9:.1:0:0:.9:.1:0:0:.9:.1:0:0,"
                           "eq=contrast=0.6:brightness=0.15:gamma=1.6,noise=all_strength=8:all_flags=t", 5),
}


def degrade(files, filters, quality, folder):
    """Writes the files as the camera sees them to <folder>/<name>/. All files must have the same size."""
    for part in ("in", "out"):
        (folder / part).mkdir(parents=True)
    for number, file in enumerate(files):
        (folder / f"in/{number:05}.jpg").symlink_to(file)
    subprocess.run(["ffmpeg", "-v", "error", "-start_number", "0", "-i", folder / "in/%05d.jpg", "-vf", filters,
                    "-qscale:v", str(quality), "-start_number", "0", folder / "out/%05d.jpg"], check=True)
    for number, file in enumerate(files):
        target = folder / "people" / file.parent.name / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / f"out/{number:05}.jpg").rename(target)


def link(files, folder):
    for file in files:
        target = folder / file.parent.name / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(file)


def percent(share):
    return f"{100 * share:.1f}%"


def row(name, gain):
    fewer = 1 - gain["after"] / gain["before"]
    return (f"| {name} | {percent(gain['before'])} | {percent(gain['after'])} | {100 * fewer:.0f}% "
            f"({100 * gain['reduction_low']:.0f} to {100 * gain['reduction_high']:.0f}%) |")


def main(facebus, photos, work):
    work = pathlib.Path(work).resolve()
    work.mkdir(parents=True)
    people = [sorted(folder.resolve().glob("*.jpg")) for folder in sorted(pathlib.Path(photos).iterdir())]
    enrolled = [files[0] for files in people if len(files) > 1]
    seen = [file for files in people for file in (files[1:] if len(files) > 1 else files)]
    link(enrolled, work / "enrolled")
    link(seen, work / "photos")
    with redis_server(work) as socket:
        environment = {**os.environ, "FACEBUS_REDIS_URL": f"unix://{socket}"}
        # Photos with several faces are refused; their people count as unknown.
        subprocess.run([facebus, "gallery", "add", "--allow-duplicates", work / "enrolled"], env=environment,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        for number, (camera, (filters, quality)) in enumerate(CAMERAS.items()):
            degrade(seen, filters, quality, work / str(number))
            ran = subprocess.run(
                [facebus, "adapt", work / str(number) / "people", "--cache", work / f"{number}.faces", "--photos",
                 work / "photos", "--photo-cache", work / "photos.faces", "--dry-run", "--json"],
                env=environment, stdout=subprocess.PIPE, text=True, check=False)
            report = json.loads(ran.stdout)
            print(f"\n{camera}: {report['people']} people, {report['enrolled']} enrolled, {report['mated']} searches\n")
            print("| method | FNIR before | after | fewer misses (95% interval) |\n|---|--:|--:|---|")
            for gain in report["methods"]:
                print(row(gain["method"], gain))
            print(row(f"**chosen: {report['chosen']['method']}**", report["chosen"]))
            print(f"\nFPIR at the calibrated threshold: {percent(report['fpir_before'])} before, "
                  f"{percent(report['fpir_after'])} after")
            if "photos" in report:
                loss = report["photos"]["after"] - report["photos"]["before"]
                print(f"photos with {report['photos']['method']}: FNIR +{100 * loss:.1f} points")
            print(f"refused: {report['refused']}" if report["refused"] else "accepted", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
