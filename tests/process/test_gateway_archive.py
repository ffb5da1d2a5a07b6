"""Tests export and import of the gallery over the REST API."""

import json
import unittest

from gateway import BIDEN, FACES, GALLERY, OBAMA, SUBJECTS, Gateway, GatewayTest


class Archive(GatewayTest):
    def test_imports_an_exported_gallery_with_and_without_encryption(self):
        gateway = self.enrolled()
        gateway.add_face("Joe", BIDEN)
        for secret in (None, "a secret"):
            body = {"passphrase": secret} if secret else None
            archive = gateway.ask("POST", f"{GALLERY}/export", body=body)
            self.assertEqual("application/octet-stream", archive.headers["Content-Type"])
            self.assertEqual(secret is None, b"Barack" in archive.body)
            self.assertEqual([], list(self.scratch.glob("facebus-*")), "no file left on the disk")
            elsewhere = Gateway(self)
            parts = [("file", archive.body, "g")] + ([("passphrase", secret)] if secret else [])
            if secret:
                for wrong in (parts[:1], [*parts[:1], ("passphrase", "another")]):
                    message = elsewhere.refused(elsewhere.post(f"{GALLERY}/import", *wrong), 400, 36)
                    self.assertNotIn(str(self.scratch), message)
            read = elsewhere.good(elsewhere.post(f"{GALLERY}/import", *parts))
            self.assertEqual({"added": 2, "already_enrolled": 0, "expected": 2}, read)
            self.assertEqual("known", elsewhere.recognise(OBAMA[2])[0]["decision"])
            again = elsewhere.good(elsewhere.post(f"{GALLERY}/import", *parts))
            self.assertEqual(2, again["already_enrolled"])
            self.assertEqual([], list(self.scratch.glob("facebus-*")))

    def test_command_line_imports_archives_of_the_api(self):
        gateway = self.enrolled()
        file, secret = self.folder / "all.gallery", self.folder / "secret"
        secret.write_text("a secret\n")
        file.write_bytes(gateway.ask("POST", f"{GALLERY}/export", body={"passphrase": "a secret"}).body)
        gateway.good(gateway.ask("DELETE", SUBJECTS))
        read = gateway.facebus("gallery", "import", file, "--passphrase", secret)
        self.assertIn("1 added", read.out, read)
        self.assertEqual(["Barack Obama"], gateway.subjects())

    def test_rejects_broken_archives(self):
        gateway = Gateway(self)
        for archive in (b"", b"hello", b"facebus sealed 1\n", b'{"facebus_gallery": 99}\n',
                        b'{"facebus_gallery":1,"subjects":1,"samples":1}\n{"subject":"x"}\n'):
            gateway.refused(gateway.post(f"{GALLERY}/import", ("file", archive, "g")), 400, 36)

    def test_archive_contains_ignore_marks_and_photos(self):
        gateway = self.enrolled()
        gateway.add_face("Joe", BIDEN)
        photo = gateway.ask("GET", f"{FACES}/{self.face['image_id']}/img").body
        gateway.good(gateway.ask("PUT", f"{GALLERY}/subjects/Barack%20Obama", body={"ignored": True}))
        archive = gateway.ask("POST", f"{GALLERY}/export").body
        elsewhere = Gateway(self)
        # A subject that is ignored in either gallery is ignored after the import.
        elsewhere.add_face("Joe", BIDEN)
        elsewhere.good(elsewhere.ask("PUT", f"{GALLERY}/subjects/Joe", body={"ignored": True}))
        elsewhere.good(elsewhere.post(f"{GALLERY}/import", ("file", archive, "g")))
        subjects = elsewhere.good(elsewhere.ask("GET", f"{GALLERY}/subjects"))["subjects"]
        self.assertEqual({"Barack Obama": True, "Joe": True},
                         {entry["subject"]: entry["ignored"] for entry in subjects})
        (face,) = elsewhere.good(elsewhere.ask("GET", f"{FACES}?subject=Barack%20Obama"))["faces"]
        self.assertEqual(photo, elsewhere.ask("GET", f"{FACES}/{face['image_id']}/img").body)
        self.assertTrue(elsewhere.recognise(OBAMA[2])[0]["ignored"])

    def test_imports_archives_of_version_1(self):
        gateway = self.enrolled()
        archive = gateway.ask("POST", f"{GALLERY}/export").body
        head, line = archive.decode().splitlines()
        old = json.loads(line)
        del old["picture"]
        first = head.replace('"facebus_gallery":2', '"facebus_gallery":1')
        self.assertNotEqual(head, first)
        gateway.good(gateway.ask("DELETE", SUBJECTS))
        text = f"{first}\n{json.dumps(old)}\n".encode()
        self.assertEqual(1, gateway.good(gateway.post(f"{GALLERY}/import", ("file", text, "g")))["added"])
        self.assertEqual("known", gateway.recognise(OBAMA[2])[0]["decision"])


if __name__ == "__main__":
    unittest.main()
