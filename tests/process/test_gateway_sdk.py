"""Tests the gateway with the unmodified compreface-sdk from PyPI, the Python client of CompreFace. The
gateway's routes for recognition, detection and verification are compatible with CompreFace."""

import json
import pathlib
import unittest

from gateway import BIDEN, OBAMA, Gateway, interpreter_with, need_gateway
from support import ProcessTest, need_system


class Sdk(ProcessTest):
    limit = 300

    def setUp(self):
        need_system()
        need_gateway()
        super().setUp()

    def test_unmodified_sdk_manages_recognises_detects_and_verifies_faces(self):
        python = interpreter_with("compreface-sdk")
        gateway = Gateway(self)
        port, key = gateway.address.rpartition(":")[2], gateway.keys["admin"]
        ran = self.run_program([python, pathlib.Path(__file__).with_name("sdk_client.py"), port, key,
                                OBAMA[0], OBAMA[2], BIDEN])
        self.assertEqual(0, ran.code, ran)
        results = json.loads(ran.out)

        self.assertEqual({"subject": "A. Person"}, results["add subject"])
        self.assertEqual(43, results["add subject again"]["code"])
        first, second = results["add face"]["image_id"], results["add from memory"]["image_id"]
        self.assertEqual("A. Person", results["add face"]["subject"])
        self.assertEqual([(first, "A. Person"), (second, "Another/One é")],
                         [(face["image_id"], face["subject"]) for face in results["list faces"]["faces"]])
        self.assertEqual(["A. Person", "Another/One é"], results["list subjects"]["subjects"])

        (face,) = results["recognise"]["result"]
        (subject,) = face["subjects"]
        self.assertEqual("A. Person", subject["subject"])
        self.assertGreater(subject["similarity"], face["threshold"])
        self.assertEqual(512, len(face["embedding"]))
        self.assertEqual(5, len(face["landmarks"]))
        self.assertIn("calculator", face["execution_time"])
        self.assertIn("calculator", results["recognise"]["plugins_versions"])
        self.assertLess(face["box"]["x_min"], face["box"]["x_max"])
        (plain,) = results["recognise without plugins"]["result"]
        self.assertNotIn("embedding", plain)
        self.assertEqual([subject], plain["subjects"])
        self.assertEqual(face["box"], results["detect"]["result"][0]["box"])

        (result,) = results["verify"]["result"]
        self.assertTrue(result["face_matches"][0]["same"])
        self.assertIn("box", result["source_image_face"])
        (result,) = results["verify impostor"]["result"]
        self.assertFalse(result["face_matches"][0]["same"])
        self.assertEqual([True], [face["same"] for face in results["verify face"]["result"]])

        self.assertTrue(results["rename"]["updated"])
        self.assertEqual(["A. Person", "Another"], results["list after rename"]["subjects"])
        self.assertTrue(results["merge"]["merged"])
        self.assertEqual({(first, "A. Person"), (second, "A. Person")},
                         {(face["image_id"], face["subject"]) for face in results["list after merge"]["faces"]})
        self.assertEqual({"image_id": second, "subject": "A. Person"}, results["delete face"])
        self.assertEqual(11, results["delete face again"]["code"])
        self.assertEqual(1, results["delete faces"]["deleted"])
        self.assertEqual([], results["recognise in an empty gallery"]["result"][0]["subjects"])
        self.assertEqual({"subject": "A. Person"}, results["delete subject"])
        self.assertEqual(42, results["delete subject again"]["code"])
        self.assertEqual(1, results["delete all"]["deleted"])
        self.assertEqual([], results["list after delete all"]["subjects"])


if __name__ == "__main__":
    unittest.main()
