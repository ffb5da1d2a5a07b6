"""Tests exporting and importing the gallery over the REST API."""

import json
import unittest

from gateway import BIDEN, FACES, GALLERY, OBAMA, SUBJECTS, Gateway, GatewayTest


class Archive(GatewayTest):
    def test_imports_an_exported_gallery_with_and_without_encryption(self):
        gateway = self.gateway_with_one_person()
        gateway.add_face("Joe", BIDEN)
        for secret in (None, "a secret"):
            body = {"passphrase": secret} if secret else None
            archive = gateway.request("POST", f"{GALLERY}/export", body=body)
            self.assertEqual("application/octet-stream", archive.headers["Content-Type"])
            self.assertEqual(secret is None, b"Barack" in archive.body)
            self.assertEqual([], list(self.scratch.glob("facebus-*")), "a temporary file was left behind")
            importer = Gateway(self)
            parts = [("file", archive.body, "g")] + ([("passphrase", secret)] if secret else [])
            if secret:
                for wrong in (parts[:1], [*parts[:1], ("passphrase", "another")]):
                    message = importer.expect_error(importer.post(f"{GALLERY}/import", *wrong), 400, 36)
                    self.assertNotIn(str(self.scratch), message)
            imported = importer.expect_success(importer.post(f"{GALLERY}/import", *parts))
            self.assertEqual({"added": 2, "already_enrolled": 0, "expected": 2}, imported)
            self.assertEqual("known", importer.recognise(OBAMA[2])[0]["decision"])
            repeated = importer.expect_success(importer.post(f"{GALLERY}/import", *parts))
            self.assertEqual(2, repeated["already_enrolled"])
            self.assertEqual([], list(self.scratch.glob("facebus-*")))

    def test_command_line_imports_an_archive_exported_over_the_api(self):
        gateway = self.gateway_with_one_person()
        file, secret = self.folder / "all.gallery", self.folder / "secret"
        secret.write_text("a secret\n")
        file.write_bytes(gateway.request("POST", f"{GALLERY}/export", body={"passphrase": "a secret"}).body)
        gateway.expect_success(gateway.request("DELETE", SUBJECTS))
        imported = gateway.facebus("gallery", "import", file, "--passphrase", secret)
        self.assertIn("1 sample added", imported.out, imported)
        self.assertEqual(["Barack Obama"], gateway.subjects())

    def test_rejects_broken_archives(self):
        gateway = Gateway(self)
        for archive in (b"", b"hello", b"facebus sealed 1\n", b'{"facebus_gallery": 99}\n',
                        b'{"facebus_gallery":1,"subjects":1,"samples":1}\n{"subject":"x"}\n'):
            gateway.expect_error(gateway.post(f"{GALLERY}/import", ("file", archive, "g")), 400, 36)

    def test_archive_contains_photos_and_marks_ignored_people(self):
        gateway = self.gateway_with_one_person()
        gateway.add_face("Joe", BIDEN)
        photo = gateway.request("GET", f"{FACES}/{self.face['image_id']}/img").body
        gateway.expect_success(gateway.request("PUT", f"{GALLERY}/subjects/Barack%20Obama", body={"ignored": True}))
        archive = gateway.request("POST", f"{GALLERY}/export").body
        importer = Gateway(self)
        # A subject that is ignored in either gallery is ignored after the import.
        importer.add_face("Joe", BIDEN)
        importer.expect_success(importer.request("PUT", f"{GALLERY}/subjects/Joe", body={"ignored": True}))
        importer.expect_success(importer.post(f"{GALLERY}/import", ("file", archive, "g")))
        subjects = importer.expect_success(importer.request("GET", f"{GALLERY}/subjects"))["subjects"]
        self.assertEqual({"Barack Obama": True, "Joe": True},
                         {entry["subject"]: entry["ignored"] for entry in subjects})
        (face,) = importer.expect_success(importer.request("GET", f"{FACES}?subject=Barack%20Obama"))["faces"]
        self.assertEqual(photo, importer.request("GET", f"{FACES}/{face['image_id']}/img").body)
        self.assertTrue(importer.recognise(OBAMA[2])[0]["ignored"])

    def test_imports_archives_of_version_1(self):
        gateway = self.gateway_with_one_person()
        archive = gateway.request("POST", f"{GALLERY}/export").body
        header, line = archive.decode().splitlines()
        sample = json.loads(line)
        del sample["picture"]  # version 1 has no photos
        old_header = header.replace('"facebus_gallery":2', '"facebus_gallery":1')
        self.assertNotEqual(header, old_header)
        gateway.expect_success(gateway.request("DELETE", SUBJECTS))
        old = f"{old_header}\n{json.dumps(sample)}\n".encode()
        self.assertEqual(1, gateway.expect_success(gateway.post(f"{GALLERY}/import", ("file", old, "g")))["added"])
        self.assertEqual("known", gateway.recognise(OBAMA[2])[0]["decision"])


if __name__ == "__main__":
    unittest.main()
