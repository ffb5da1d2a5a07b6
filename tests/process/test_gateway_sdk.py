"""Tests the gateway with the unmodified compreface-sdk from PyPI."""

import json
import pathlib
import unittest

from gateway import BIDEN, OBAMA, Gateway, need_gateway, python_with
from support import ProcessTest, need_system


class Sdk(ProcessTest):
    limit = 300

    def setUp(self):
        need_system()
        need_gateway()
        super().setUp()

    def test_unmodified_sdk_manages_recognises_detects_and_verifies_faces(self):
        python = python_with("compreface-sdk")
        gateway = Gateway(self)
        port, key = gateway.address.rpartition(":")[2], gateway.keys["admin"]
        ran = self.run_program([python, pathlib.Path(__file__).with_name("sdk_client.py"), port, key,
                                OBAMA[0], OBAMA[2], BIDEN])
        self.assertEqual(0, ran.code, ran)
        got = json.loads(ran.out)

        self.assertEqual({"subject": "A. Person"}, got["add subject"])
        self.assertEqual(43, got["add subject again"]["code"])
        first, second = got["add"]["image_id"], got["add bytes"]["image_id"]
        self.assertEqual("A. Person", got["add"]["subject"])
        self.assertEqual([(first, "A. Person"), (second, "Another/One é")],
                         [(face["image_id"], face["subject"]) for face in got["list"]["faces"]])
        self.assertEqual(["A. Person", "Another/One é"], got["list subjects"]["subjects"])

        (face,) = got["recognise"]["result"]
        (subject,) = face["subjects"]
        self.assertEqual("A. Person", subject["subject"])
        self.assertGreater(subject["similarity"], face["threshold"])
        self.assertEqual(512, len(face["embedding"]))
        self.assertEqual(5, len(face["landmarks"]))
        self.assertIn("calculator", face["execution_time"])
        self.assertIn("calculator", got["recognise"]["plugins_versions"])
        self.assertLess(face["box"]["x_min"], face["box"]["x_max"])
        (plain,) = got["recognise without options"]["result"]
        self.assertNotIn("embedding", plain)
        self.assertEqual([subject], plain["subjects"])
        self.assertEqual(face["box"], got["detect"]["result"][0]["box"])

        (result,) = got["verify"]["result"]
        self.assertTrue(result["face_matches"][0]["same"])
        self.assertIn("box", result["source_image_face"])
        (result,) = got["verify impostor"]["result"]
        self.assertFalse(result["face_matches"][0]["same"])
        self.assertEqual([True], [face["same"] for face in got["verify face"]["result"]])

        self.assertTrue(got["rename"]["updated"])
        self.assertEqual(["A. Person", "Another"], got["after rename"]["subjects"])
        self.assertTrue(got["merge"]["merged"])
        self.assertEqual({(first, "A. Person"), (second, "A. Person")},
                         {(face["image_id"], face["subject"]) for face in got["after merge"]["faces"]})
        self.assertEqual({"image_id": second, "subject": "A. Person"}, got["delete face"])
        self.assertEqual(11, got["delete face again"]["code"])
        self.assertEqual(1, got["delete faces"]["deleted"])
        self.assertEqual([], got["recognise in an empty gallery"]["result"][0]["subjects"])
        self.assertEqual({"subject": "A. Person"}, got["delete subject"])
        self.assertEqual(42, got["delete subject again"]["code"])
        self.assertEqual(1, got["delete all"]["deleted"])
        self.assertEqual([], got["after all"]["subjects"])


if __name__ == "__main__":
    unittest.main()
