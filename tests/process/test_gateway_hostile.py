"""Tests that slow images do not block the gateway, that removing a key from the key file revokes it even if another
line of the file is invalid, and that the gateway rejects unknown JSON keys and names with invisible characters."""

import concurrent.futures
import json
import struct
import unicodedata
import unittest
import urllib.parse

from gateway import GALLERY, OBAMA, RECOGNISE, SUBJECTS, Gateway, GatewayTest, image_part
from system import http_get, metric

COMPOSED = "Zo\u00eb"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def progressive_jpeg(side, scans):
    """Returns a progressive grey JPEG in which the scans contain no data. A decoder visits all blocks in each scan."""
    one_code = bytes([1] + [0] * 15) + b"\0"  # a Huffman table with a single code, for the value 0
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\0")
    brightness, details = (segment(0xDA, b"\x01\x01\0" + range_) for range_ in (b"\0\0\0", b"\x01\x3f\0"))
    return (b"\xff\xd8" + segment(0xDB, b"\0" + b"\x01" * 64) + frame + segment(0xC4, b"\0" + one_code) +
            segment(0xC4, b"\x10" + one_code) + brightness + details * (scans - 1) + b"\xff\xd9")


class SlowImages(GatewayTest):
    def test_recognises_faces_while_a_client_sends_jpegs_with_ten_thousand_scans(self):
        gateway = self.gateway_with_one_person()
        bomb = progressive_jpeg(5000, 10_000)
        self.assertLess(len(bomb), 200_000)
        done = False

        def attack():
            statuses = set()
            while not done:
                statuses.add(gateway.post(RECOGNISE, ("file", bomb, "a.jpg"), role="read").status)
            return statuses

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            attacks = [pool.submit(attack) for _ in range(4)]
            try:
                for _ in range(3):
                    self.assertEqual("known", gateway.recognise(OBAMA[2])[0]["decision"])
            finally:
                done = True
            for attack in attacks:
                self.assertEqual({413}, attack.result())
        gateway.expect_error(gateway.post(RECOGNISE, ("file", bomb, "a.jpg")), 413, words="10000 scans")

    def test_handles_other_requests_while_slow_images_wait(self):
        gateway = Gateway(self, FACEBUS_GATEWAY_THREADS="4", FACEBUS_GATEWAY_DECODE_THREADS="1")
        slow = progressive_jpeg(5000, 100)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            images = [pool.submit(gateway.post, RECOGNISE, ("file", slow, "a.jpg")) for _ in range(6)]
            # Three requests wait for their images; the others are rejected, because a thread must remain free.
            first = next(concurrent.futures.as_completed(images)).result()
            gateway.expect_error(first, 503, words="busy with other images")
            self.assertEqual("1", first.headers["Retry-After"])
            self.assertEqual([], gateway.subjects())
            self.assertTrue([image for image in images if not image.done()], "the images were not slow")
            statuses = sorted(image.result().status for image in images)
        self.assertEqual([400, 400, 400, 503, 503, 503], statuses)  # 400: no face

    def test_a_request_fails_if_decoding_its_image_takes_too_long(self):
        gateway = Gateway(self, FACEBUS_GATEWAY_DECODE_TIMEOUT="0.1")
        response = gateway.post(RECOGNISE, ("file", progressive_jpeg(5000, 100), "a.jpg"))
        gateway.expect_error(response, 503, words="gateway.decode_timeout")
        self.assertEqual(1, metric(gateway.services["gateway"].health, "facebus_image_timeouts_total"))


class KeyFile(GatewayTest):
    def check(self, gateway):
        """Returns the HTTP status of the gateway's /healthz, and the check `api_keys` in the response."""
        status, _, body = http_get(gateway.services["gateway"].health, "/healthz")
        return status, json.loads(body)["checks"]["api_keys"]

    def status_of(self, gateway, role):
        return gateway.request("GET", SUBJECTS, role=role).status

    def invalid(self, gateway):
        return metric(gateway.services["gateway"].health, "facebus_api_key_file_invalid")

    def test_deleting_the_key_file_revokes_all_keys_until_it_is_restored(self):
        gateway = Gateway(self)
        text = gateway.keys_file.read_text()
        gateway.keys_file.unlink()
        for role in gateway.keys:
            while self.status_of(gateway, role) != 401:
                pass
        while (health := self.check(gateway))[0] != 503:
            pass
        self.assertIn(f"{gateway.keys_file} does not exist", health[1]["text"])
        self.assertEqual(1, self.invalid(gateway))
        self.assertEqual(0, metric(gateway.services["gateway"].health, "facebus_api_keys"))
        self.assertIn("does not exist", "\n".join(gateway.services["gateway"].lines()))
        gateway.keys_file.write_text(text)
        while self.status_of(gateway, "read") != 200:
            pass
        while self.check(gateway)[0] != 200:
            pass
        self.assertEqual(0, self.invalid(gateway))

    def test_a_removed_key_is_revoked_although_another_line_is_invalid(self):
        gateway = Gateway(self)
        lines = [line for line in gateway.keys_file.read_text().splitlines() if not line.endswith(" read")]
        gateway.keys_file.write_text("\n".join([*lines, "oops"]))
        while self.status_of(gateway, "read") != 401:
            pass
        self.assertEqual(200, self.status_of(gateway, "enrol"))
        while not self.invalid(gateway):
            pass
        status, check = self.check(gateway)
        # The gateway serves its clients, so it must not be taken out of service.
        self.assertEqual(200, status)
        self.assertIn("line 3", check["text"])
        self.assertIn("line 3", "\n".join(gateway.services["gateway"].lines()))


class UnknownKeys(GatewayTest):
    def test_rejects_json_keys_that_it_does_not_know(self):
        gateway = self.gateway_with_one_person()
        person = f"{GALLERY}/subjects/Barack%20Obama"
        face = ["0" * 32]
        for method, path, body, known in (
                ("POST", f"{GALLERY}/export", {"pass_phrase": "secret"}, "passphrase"),
                ("POST", f"{GALLERY}/export", {"passphrase": "secret", "more": 1}, "passphrase"),
                ("PUT", person, {"ignored": True, "until": "tomorrow"}, "ignored"),
                ("POST", f"{GALLERY}/merge", {"from": "Barack Obama", "into": "X", "dry": True}, "from, into"),
                ("POST", "/api/v1/unknown/name", {"subject": "X", "faces": face, "ignored": True},
                 "subject, faces, allow_duplicate"),
                ("POST", "/api/v1/unknown/ignore", {"faces": face, "name": "X"}, "subject, faces, allow_duplicate"),
                ("POST", "/api/v1/unknown/dismiss", {"faces": face, "all": True}, "faces")):
            with self.subTest(path=path, body=body):
                unknown = next(key for key in body if key not in known.split(", "))
                message = gateway.expect_error(gateway.request(method, path, body=body), 400, 36)
                self.assertEqual(f'unknown key "{unknown}" in the body; known keys: {known}', message)
        self.assertFalse(gateway.expect_success(gateway.request("GET", f"{GALLERY}/subjects"))
                         ["subjects"][0]["ignored"])

    def test_rejects_a_passphrase_in_the_url(self):
        gateway = Gateway(self)
        response = gateway.request("POST", f"{GALLERY}/export?passphrase=secret")
        gateway.expect_error(response, 400, 36, "in the body")

    def test_accepts_further_keys_where_compreface_does(self):
        gateway = Gateway(self)
        gateway.expect_success(gateway.request("POST", SUBJECTS, body={"subject": "Ann", "metadata": {}}))
        gateway.expect_success(gateway.request("PUT", f"{SUBJECTS}/Ann", body={"subject": "Anna", "id": 7}))
        self.assertEqual(["Anna"], gateway.subjects())


class Names(GatewayTest):
    def test_names_that_look_the_same_are_one_subject(self):
        gateway = Gateway(self)
        self.assertNotEqual(COMPOSED, DECOMPOSED)
        added = gateway.expect_success(gateway.request("POST", SUBJECTS, body={"subject": DECOMPOSED}))
        self.assertEqual({"subject": COMPOSED}, added)
        gateway.expect_error(gateway.request("POST", SUBJECTS, body={"subject": COMPOSED}), 400, 43)
        for name in (COMPOSED, DECOMPOSED):
            path = f"{GALLERY}/subjects/{urllib.parse.quote(name)}"
            changed = gateway.expect_success(gateway.request("PUT", path, body={"ignored": True}))
            self.assertEqual(COMPOSED, changed["subject"])
        face = gateway.add_face(urllib.parse.quote(DECOMPOSED), OBAMA[0])
        self.assertEqual(COMPOSED, face["subject"])
        listed = gateway.expect_success(gateway.request(
            "GET", f"/api/v1/recognition/faces?subject={urllib.parse.quote(DECOMPOSED)}"))["faces"]
        self.assertEqual([face["image_id"]], [entry["image_id"] for entry in listed])
        self.assertEqual([COMPOSED], gateway.subjects())

    def test_rejects_names_with_invisible_characters(self):
        gateway = Gateway(self)
        for name, character in (("Al\u200bice", "U+200B"), ("\u202eecilA", "U+202E"), ("A\u2066", "U+2066")):
            gateway.expect_error(gateway.request("POST", SUBJECTS, body={"subject": name}), 400, 26, character)
            gateway.expect_error(gateway.post(f"{GALLERY}/faces?subject={urllib.parse.quote(name)}",
                                              image_part(OBAMA[0])), 400, 26, character)
        (face,) = gateway.expect_success(gateway.post(
            f"{GALLERY}/faces", ("file", OBAMA[0].read_bytes(), "Al\u200bice/1.jpg")))["faces"]
        self.assertEqual(26, face["code"])
        self.assertEqual([], gateway.subjects())


if __name__ == "__main__":
    unittest.main()
