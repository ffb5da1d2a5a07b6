"""Tests the REST API of a running gateway: recognition, enrolment, keys, limits and invalid input."""

import json
import os
import re
import shutil
import socket
import time
import unittest

import support
from gateway import BIDEN, FACES, GALLERY, OBAMA, RECOGNISE, SUBJECTS, Gateway, GatewayTest, form, image_part
from images import ffmpeg_image
from support import BIN, DATA, ROOT, need_data, need_tool
from system import metric


class Recognition(GatewayTest):
    def test_returns_the_person_and_the_most_similar_samples(self):
        gateway = self.gateway_with_one_person()
        (face,) = gateway.recognise(OBAMA[2], "?prediction_count=3")
        self.assertEqual("known", face["decision"])
        self.assertEqual(["Barack Obama"], [subject["subject"] for subject in face["subjects"]])
        self.assertEqual([self.face["image_id"]], face["candidates"][0]["samples"])
        self.assertGreater(face["similarity"], face["threshold"])
        self.assertGreater(face["probability"], 0.9)
        self.assertNotIn("reason", face)

    def test_returns_no_subject_but_candidates_for_an_unknown_person(self):
        (face,) = self.gateway_with_one_person().recognise(BIDEN)
        self.assertEqual("unknown", face["decision"])
        self.assertEqual([], face["subjects"])
        self.assertEqual("Barack Obama", face["candidates"][0]["subject"])
        self.assertLess(face["similarity"], face["threshold"])
        self.assertIn("no subject has a score of at least", face["reason"])

    def test_enrolment_and_removal_take_effect_immediately(self):
        gateway = Gateway(self)
        for _ in range(3):
            face = gateway.add_face("Barack", OBAMA[0])
            self.assertEqual("known", gateway.recognise(OBAMA[2])[0]["decision"])
            gateway.expect_success(gateway.request("DELETE", f"{FACES}/{face['image_id']}"))
            self.assertEqual("unknown", gateway.recognise(OBAMA[2])[0]["decision"])

    def test_recognises_people_enrolled_with_the_command_line(self):
        gateway = Gateway(self)
        gateway.enrol(OBAMA[0], "--name", "Barack")
        while gateway.recognise(OBAMA[2])[0]["decision"] != "known":
            pass

    def test_lists_faces_largest_first(self):
        need_data()
        gateway = Gateway(self)
        crowd = DATA / "images/facenet-pytorch/multiface.jpg"
        support.need(crowd.exists(), f"no {crowd}")
        faces = gateway.recognise(crowd)
        self.assertGreater(len(faces), 2)
        areas = [(box["x_max"] - box["x_min"]) * (box["y_max"] - box["y_min"])
                 for box in (face["box"] for face in faces)]
        self.assertEqual(sorted(areas, reverse=True), areas)
        self.assertEqual(faces[:2], gateway.recognise(crowd, "?limit=2"))

    def test_recognises_faces_while_redis_is_down_but_rejects_requests_that_require_redis(self):
        gateway = self.gateway_with_one_person()
        gateway.services["redis"].terminate()
        gateway.services["redis"].wait()
        self.assertEqual("known", gateway.recognise(OBAMA[2])[0]["decision"])
        gateway.expect_error(gateway.request("GET", SUBJECTS), 503, 503, "Redis at")
        gateway.expect_error(gateway.post(f"{FACES}?subject=X", image_part(OBAMA[1])), 503, 503)

    def test_metrics_count_requests_and_measure_their_duration(self):
        gateway = self.gateway_with_one_person()
        gateway.recognise(OBAMA[2])
        health = gateway.services["gateway"].health
        self.assertEqual(1, metric(health, "facebus_requests_total", route=RECOGNISE, status="200"))
        self.assertEqual(1, metric(health, "facebus_request_seconds_count", route=RECOGNISE))
        self.assertGreater(metric(health, "facebus_request_seconds_sum", route=RECOGNISE), 0)


class Ignored(GatewayTest):
    PERSON = f"{GALLERY}/subjects/Barack%20Obama"

    def test_does_not_return_a_person_while_they_are_ignored(self):
        gateway = self.gateway_with_one_person()
        gateway.add_face("Joe", BIDEN)
        changed = gateway.expect_success(gateway.request("PUT", self.PERSON, role="enrol", body={"ignored": True}))
        self.assertEqual({"subject": "Barack Obama", "ignored": True}, changed)
        ignored = {entry["subject"]: entry["ignored"]
                   for entry in gateway.expect_success(gateway.request("GET", f"{GALLERY}/subjects"))["subjects"]}
        self.assertEqual({"Barack Obama": True, "Joe": False}, ignored)
        response = gateway.post(f"{RECOGNISE}?prediction_count=3", image_part(OBAMA[2]))
        self.assertNotIn(b"Barack", response.body)
        self.assertNotIn(self.face["image_id"].encode(), response.body)
        (face,) = response.json["result"]
        self.assertTrue(face["ignored"])
        self.assertEqual(("undecided", []), (face["decision"], face["subjects"]))
        # Other people are still recognised, and the ignored person is not among their candidates.
        response = gateway.post(f"{RECOGNISE}?prediction_count=3", image_part(BIDEN))
        self.assertNotIn(b"Barack", response.body)
        self.assertEqual("Joe", response.json["result"][0]["subjects"][0]["subject"])
        self.assertNotIn("ignored", response.json["result"][0])
        gateway.expect_success(gateway.request("PUT", self.PERSON, body={"ignored": False}))
        self.assertEqual("known", gateway.recognise(OBAMA[2])[0]["decision"])

    def test_applies_the_commands_gallery_ignore_and_gallery_unignore(self):
        gateway = self.gateway_with_one_person()
        self.assertIn("is ignored", gateway.facebus("gallery", "ignore", "Barack Obama").out)
        self.assertRegex(gateway.facebus("gallery", "list").out, r"(?m)^Barack Obama .* ignored$")
        while gateway.recognise(OBAMA[2])[0]["decision"] != "undecided":
            pass
        self.assertIn("no longer ignored", gateway.facebus("gallery", "unignore", "Barack Obama").out)
        while gateway.recognise(OBAMA[2])[0]["decision"] != "known":
            pass
        self.assertEqual(65, gateway.facebus("gallery", "ignore", "Nobody").code)

    def test_rejects_invalid_requests_to_ignore_a_person(self):
        gateway = self.gateway_with_one_person()
        for bad in (b"", b"{", b"[]", b"{}", b'{"ignored": 1}', b'{"ignored": "true"}'):
            gateway.expect_error(gateway.request("PUT", self.PERSON, body=bad), 400, 33)
        gateway.expect_error(gateway.request("PUT", f"{GALLERY}/subjects/Nobody", body={"ignored": True}), 404, 42)
        gateway.expect_error(gateway.request("PUT", self.PERSON, role="read", body={"ignored": True}), 403)


class Enrolment(GatewayTest):
    def test_enrolling_a_photo_twice_adds_one_face(self):
        gateway = self.gateway_with_one_person()
        again = gateway.post(f"{FACES}?subject=Barack%20Obama", image_part(OBAMA[0]))
        self.assertEqual(200, again.status)
        self.assertEqual(self.face["image_id"], again.json["image_id"])
        self.assertTrue(again.json["already_enrolled"])

    def test_rejects_the_same_photos_as_the_command_line_with_the_same_reasons(self):
        gateway = Gateway(self)
        blurred = ffmpeg_image(self, "blurred.png", "-i", OBAMA[0], "-vf", "gblur=sigma=20")
        small = ffmpeg_image(self, "small.png", "-i", OBAMA[0], "-vf", "scale=iw/12:-1")
        both = ffmpeg_image(self, "both.png", "-i", OBAMA[0], "-i", OBAMA[1], "-filter_complex",
                            "[0]scale=-1:800[a];[1]scale=-1:800[b];[a][b]hstack")
        for file in (blurred, small, both):
            expected = gateway.facebus("gallery", "add", file, "--name", "X").err
            reason = gateway.expect_error(gateway.post(f"{FACES}?subject=X", image_part(file)), 400)
            self.assertIn(reason.removeprefix("No face is found in the given image: "), expected)
        gateway.expect_error(gateway.post(f"{FACES}?subject=X", image_part(both)), 400, 31, "crop the image")
        self.assertEqual([], gateway.subjects())

    def test_enrols_a_blurred_photo_with_a_warning_unless_poor_photos_are_refused(self):
        blurred = ffmpeg_image(self, "blurred.png", "-i", OBAMA[0], "-vf", "scale=-1:250,gblur=sigma=2")
        gateway = Gateway(self)
        face = gateway.add_face("Barack", blurred)
        self.assertRegex(face["warning"], r"the face is (blurred|too small): .* recommended")
        self.assertNotIn("warning", gateway.add_face("Joe", BIDEN))
        added = gateway.facebus("gallery", "add", blurred, "--name", "Barry", "--allow-duplicates")
        self.assertEqual(0, added.code, added)
        self.assertIn(f"warning: enrolled {blurred} for Barry, but {face['warning']}", added.err)
        strict = Gateway(self, FACEBUS_GALLERY_REFUSE_POOR="true")
        reason = strict.expect_error(strict.post(f"{FACES}?subject=Barack", image_part(blurred)), 400, 21)
        self.assertEqual(face["warning"].replace("recommended", "required"), reason)

    def test_enrols_several_photos_at_once_and_reports_why_some_were_rejected(self):
        gateway = Gateway(self)
        grey = ffmpeg_image(self, "grey.png", "-f", "lavfi", "-i", "color=gray:300x300")
        response = gateway.expect_success(gateway.post(
            f"{GALLERY}/faces", ("file", OBAMA[0].read_bytes(), "Barack/1.jpg"),
            ("file", OBAMA[1].read_bytes(), "people/Barack/2.jpg"),
            ("file", BIDEN.read_bytes(), "Joe.jpg"), ("file", grey.read_bytes(), "grey.png"),
            ("file", b"hello", "text.jpg"), ("file", OBAMA[0].read_bytes(), "Barack/3.jpg"),
            ("note", "not a file")))
        self.assertEqual((3, 1, 2), (response["added"], response["already_enrolled"], response["refused"]))
        self.assertEqual(["Barack", "Barack", "Joe", None, None, "Barack"],
                         [face.get("subject") for face in response["faces"]])
        self.assertEqual([28, 21], [face["code"] for face in response["faces"] if "code" in face])
        self.assertEqual(["Barack", "Joe"], gateway.subjects())
        named = gateway.expect_success(gateway.post(f"{GALLERY}/faces?subject=Joe",
                                                   ("file", BIDEN.read_bytes(), "whatever.jpg")))
        self.assertEqual(1, named["already_enrolled"])

    def test_preserves_special_characters_in_names_and_rejects_invalid_names(self):
        gateway = Gateway(self)
        names = ["A/B", "Zoë + Ann", "a%2Fb", "x" * 200]
        for name in names:
            gateway.expect_success(gateway.request("POST", SUBJECTS, body={"subject": name}))
        self.assertEqual(sorted(names), gateway.subjects())
        for path, name in (("A%2FB", "A/B"), ("Zo%C3%AB%20+%20Ann", "Zoë + Ann"),
                           ("a%252Fb", "a%2Fb"), ("x" * 200, "x" * 200)):
            gone = gateway.expect_success(gateway.request("DELETE", f"{SUBJECTS}/{path}"))
            self.assertEqual(name, gone["subject"])
        for bad in ("x" * 201, "a\nb", "\x00", "\u009f", "", "  "):
            gateway.expect_error(gateway.request("POST", SUBJECTS, body={"subject": bad}), 400)
        gateway.expect_error(gateway.request("POST", SUBJECTS, body=b'{"subject": "\xff"}'), 400)
        gateway.expect_error(gateway.request("DELETE", f"{SUBJECTS}/%ff%fe"), 400)


class Erasure(GatewayTest):
    def test_an_import_of_ignored_people_reports_a_pending_erasure(self):
        need_tool("redis-cli")
        gateway = self.gateway_with_one_person()
        subject = f"{GALLERY}/subjects/Barack%20Obama"
        gateway.expect_success(gateway.request("PUT", subject, body={"ignored": True}))
        archive = gateway.request("POST", f"{GALLERY}/export").body
        gateway.expect_success(gateway.request("PUT", subject, body={"ignored": False}))
        damage = ["redis-cli", "-s", gateway.folder / "redis", "hset", "facebus:erasure:state", "id", "x", "phase", "x"]
        self.assertEqual(0, self.run_program(damage).code)
        imported = gateway.expect_success(gateway.post(f"{GALLERY}/import", ("file", archive, "g")))
        self.assertEqual(1, imported["already_enrolled"])
        self.assertIn("facebus:erasure:state", imported["erasure_pending"])

    def test_a_removal_reports_a_pending_erasure_and_the_gateway_resumes_it_after_a_restart(self):
        need_tool("redis-cli")
        gateway = self.gateway_with_one_person()

        def redis(*words):
            return self.run_program(["redis-cli", "-s", gateway.folder / "redis", *words]).out.strip()

        redis("config", "set", "appendonly", "yes")
        while "aof_rewrite_in_progress:0" not in redis("info", "persistence"):
            pass
        # Redis cannot create its next append-only file.
        blocked = gateway.folder / "appendonlydir/appendonly.aof.2.incr.aof"
        blocked.mkdir()
        removed = gateway.expect_success(gateway.request("DELETE", f"{SUBJECTS}/Barack%20Obama"))
        self.assertEqual("Barack Obama", removed["subject"])
        self.assertIn("BGREWRITEAOF", removed["erasure_pending"])
        self.assertEqual([], gateway.subjects())
        gateway.stop("gateway")
        blocked.rmdir()
        gateway.start("gateway")
        while redis("exists", "facebus:erasure:state") == "1":
            pass
        self.assertIn("aof_last_bgrewrite_status:ok", redis("info", "persistence"))


class Photos(GatewayTest):
    def test_serves_the_crop_of_an_enrolled_face(self):
        gateway = self.gateway_with_one_person()
        for id in (self.face["image_id"], self.face["image_id"].replace("-", "")):
            response = gateway.request("GET", f"{FACES}/{id}/img", role="enrol")
            self.assertEqual((200, "image/jpeg"), (response.status, response.headers["Content-Type"]))
            self.assertTrue(response.body.startswith(b"\xff\xd8\xff"))
        self.assertLess(2000, len(response.body))
        crop = self.folder / "crop.jpg"
        crop.write_bytes(response.body)
        padded = ffmpeg_image(self, "padded.png", "-i", crop, "-vf", "pad=480:480:160:160")
        (same,) = gateway.recognise(padded)
        self.assertEqual("known", same["decision"])
        gateway.expect_error(gateway.request("GET", f"{FACES}/{self.face['image_id']}/img", role="read"), 403)
        gateway.expect_success(gateway.request("DELETE", f"{FACES}/{self.face['image_id']}"))
        gateway.expect_error(gateway.request("GET", f"{FACES}/{self.face['image_id']}/img"), 404, 11)

    def test_stores_no_photo_if_keep_photos_is_off(self):
        gateway = Gateway(self, FACEBUS_GALLERY_KEEP_PHOTOS="false")
        face = gateway.add_face("Joe", BIDEN)
        gateway.expect_error(gateway.request("GET", f"{FACES}/{face['image_id']}/img"), 404, 11, "keep_photos")


class Gallery(GatewayTest):
    def test_removing_a_face_keeps_the_other_faces_of_the_person(self):
        gateway = self.gateway_with_one_person()
        other = gateway.add_face("Barack%20Obama", OBAMA[1])
        sample = self.face["image_id"].replace("-", "")
        gone = gateway.expect_success(gateway.request("DELETE", f"{FACES}/{self.face['image_id']}", role="enrol"))
        self.assertEqual("Barack Obama", gone["subject"])
        gateway.expect_error(gateway.request("DELETE", f"{FACES}/{self.face['image_id']}"), 404, 11)
        left = gateway.expect_success(gateway.request("GET", FACES))["faces"]
        self.assertEqual([other["image_id"]], [face["image_id"] for face in left])
        self.assertNotIn(sample, gateway.facebus("gallery", "show", "Barack Obama").out)
        gateway.expect_success(gateway.request("DELETE", f"{FACES}/{other['image_id'].replace('-', '')}"))

    def test_recognises_a_renamed_person_under_the_new_name(self):
        gateway = self.gateway_with_one_person()
        gateway.expect_success(gateway.request("PUT", f"{SUBJECTS}/Barack%20Obama", body={"subject": "Barack"}))
        self.assertEqual("Barack", gateway.recognise(OBAMA[2])[0]["subjects"][0]["subject"])
        gateway.expect_error(gateway.request("PUT", f"{SUBJECTS}/Nobody", body={"subject": "X"}), 404, 42)

    def test_merged_subject_has_the_faces_of_both_subjects(self):
        gateway = self.gateway_with_one_person()
        gateway.add_face("Mr%20President&allow_duplicate=true", OBAMA[1])
        gateway.expect_error(gateway.request("POST", f"{GALLERY}/merge",
                                             body={"from": "Barack Obama", "into": "Nobody"}), 404, 42)
        gateway.expect_error(gateway.request("POST", f"{GALLERY}/merge",
                                             body={"from": "Barack Obama", "into": " Barack Obama "}), 409, 409)
        self.assertEqual(["Barack Obama", "Mr President"], gateway.subjects())
        gateway.expect_success(gateway.request("POST", f"{GALLERY}/merge",
                                               body={"from": "Mr President", "into": "Barack Obama"}))
        (subject,) = gateway.expect_success(gateway.request("GET", f"{GALLERY}/subjects"))["subjects"]
        self.assertEqual(("Barack Obama", 2), (subject["subject"], subject["faces"]))
        (face,) = gateway.recognise(OBAMA[2])
        self.assertEqual(2, len(face["candidates"][0]["samples"]))

    def test_enrols_a_face_that_belongs_to_another_person_only_on_request(self):
        gateway = self.gateway_with_one_person()
        photo = image_part(OBAMA[1])
        message = gateway.expect_error(gateway.post(f"{FACES}?subject=Barry", photo), 409, 409, "allow_duplicate=true")
        self.assertRegex(message, r'looks like "Barack Obama", 0\.\d\d;')
        many = gateway.expect_success(gateway.post(
            f"{GALLERY}/faces", ("file", OBAMA[1].read_bytes(), "Barry.jpg"), ("file", BIDEN.read_bytes(), "Joe.jpg"),
            ("file", BIDEN.read_bytes(), "Joseph.jpg")))
        self.assertEqual([409, None, 409], [face.get("code") for face in many["faces"]])
        self.assertIn('"Joe"', many["faces"][2]["message"])
        self.assertEqual(["Barack Obama", "Joe"], gateway.subjects())
        gateway.expect_error(gateway.post(f"{FACES}?subject=Barry&allow_duplicate=x", photo), 400, 36)
        gateway.add_face("Barry&allow_duplicate=true", OBAMA[0])
        self.assertEqual(["Barack Obama", "Barry", "Joe"], gateway.subjects())
        # The same photo is enrolled under two names, so another photo of the person is ambiguous.
        (face,) = gateway.recognise(OBAMA[2], "?prediction_count=2")
        self.assertEqual(("undecided", []), (face["decision"], face["subjects"]))
        self.assertRegex(face["reason"], '^ambiguous: .*"Barack Obama".*"Barry"|^ambiguous: .*"Barry".*"Barack Obama"')

    def test_does_not_name_an_ignored_person_whose_face_is_enrolled_again(self):
        gateway = self.gateway_with_one_person()
        gateway.expect_success(gateway.request("PUT", f"{GALLERY}/subjects/Barack%20Obama", body={"ignored": True}))
        message = gateway.expect_error(gateway.post(f"{FACES}?subject=Barry", image_part(OBAMA[1])), 409, 409)
        self.assertIn("looks like an ignored person", message)
        self.assertNotIn("Barack", message)

    def test_lists_faces_in_pages(self):
        gateway = self.gateway_with_one_person()
        ids = [self.face["image_id"], gateway.add_face("Barack%20Obama", OBAMA[1])["image_id"],
               gateway.add_face("Joe", BIDEN)["image_id"]]
        pages = [gateway.expect_success(gateway.request("GET", f"{FACES}?size=2&page={page}")) for page in range(3)]
        self.assertEqual([ids[:2], ids[2:], []],
                         [[face["image_id"] for face in page["faces"]] for page in pages])
        self.assertEqual((3, 2), (pages[0]["total_elements"], pages[0]["total_pages"]))
        joes = gateway.expect_success(gateway.request("GET", f"{FACES}?subject=Joe"))["faces"]
        self.assertEqual(ids[2:], [face["image_id"] for face in joes])
        self.assertEqual("biden.jpg", joes[0]["source"])

    def test_removing_faces_without_naming_a_subject_requires_the_role_admin(self):
        gateway = self.gateway_with_one_person()
        gateway.add_face("Joe", BIDEN)
        gateway.expect_error(gateway.request("DELETE", FACES, role="enrol"), 403, words="admin")
        gateway.expect_error(gateway.request("DELETE", f"{FACES}?subject=", role="admin"), 400)
        gateway.expect_error(gateway.request("DELETE", f"{FACES}?subject=Nobody"), 404, 42)
        removed = gateway.expect_success(gateway.request("DELETE", f"{FACES}?subject=Joe", role="enrol"))
        self.assertEqual(1, removed["deleted"])
        self.assertEqual(1, gateway.expect_success(gateway.request("DELETE", FACES))["deleted"])
        self.assertEqual(["Barack Obama", "Joe"], gateway.subjects())


class ApiKeys(GatewayTest):
    def test_does_not_start_without_api_keys(self):
        ran = self.run_program([support.program("facebus-gateway")])
        self.assertEqual(78, ran.code, ran)
        self.assertIn("facebus api-key", ran.err)

    def test_allows_anonymous_access_on_loopback_only(self):
        ran = self.run_program([support.program("facebus-gateway")], self.environment(
            FACEBUS_GATEWAY_ALLOW_ANONYMOUS="true", FACEBUS_GATEWAY_ADDRESS="0.0.0.0:0"))
        self.assertEqual(78, ran.code, ran)
        self.assertIn("loopback", ran.err)
        gateway = Gateway(self, FACEBUS_GATEWAY_ALLOW_ANONYMOUS="true")
        self.assertEqual(200, gateway.request("DELETE", SUBJECTS, role=None).status)

    def test_every_documented_path_requires_its_role(self):
        gateway = Gateway(self)
        document = gateway.request("GET", "/openapi.json", role=None).json
        order = ["read", "enrol", "admin"]
        tried = 0
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if path == "/openapi.json":
                    continue
                path = path.replace("{image_id}", "0" * 32).replace("{subject}", "X").replace("{face_id}", "0" * 32)
                role = operation["description"].split("`")[1]
                for key in (None, "nobody", *order[:order.index(role)]):
                    response = gateway.request(method.upper(), path, role=key)
                    gateway.expect_error(response, 401 if key in (None, "nobody") else 403)
                    tried += 1
        self.assertGreater(tried, 40)

    def test_applies_added_and_revoked_keys_without_a_restart(self):
        gateway = Gateway(self)
        lines = gateway.keys_file.read_text().splitlines(keepends=True)
        gateway.keys_file.write_text("".join(line for line in lines if not line.endswith(" read\n")))
        while gateway.request("GET", SUBJECTS, role="read").status != 401:
            pass
        new = gateway.make_key("read", "new")
        while gateway.request("GET", SUBJECTS, role=new).status != 200:
            pass

    def test_logs_no_keys_and_no_names_of_people(self):
        gateway = self.gateway_with_one_person()
        gateway.request("GET", SUBJECTS, role="wrong-key")
        log = "\n".join(gateway.services["gateway"].lines())
        for secret in (*gateway.keys.values(), "Obama", "wrong-key"):
            self.assertNotIn(secret, log)


class Limits(GatewayTest):
    def test_limits_the_request_rate_per_key(self):
        gateway = Gateway(self, FACEBUS_GATEWAY_RATE="5", FACEBUS_GATEWAY_BURST="3")
        statuses = [gateway.request("GET", SUBJECTS, role="read").status for _ in range(10)]
        self.assertEqual([200] * 3, statuses[:3])
        self.assertIn(429, statuses)
        self.assertEqual(200, gateway.request("GET", SUBJECTS, role="enrol").status)
        while (response := gateway.request("GET", SUBJECTS, role="read")).status != 200:
            gateway.expect_error(response, 429)
            self.assertEqual("1", response.headers["Retry-After"])

    def test_rejects_large_uploads_before_reading_them(self):
        gateway = Gateway(self, FACEBUS_GATEWAY_MAX_UPLOAD="1")
        body, type = form(("file", b"x" * 1_100_000, "a.jpg"))
        gateway.expect_error(gateway.request("POST", RECOGNISE, body=body, type=type), 413)
        gateway.expect_error(gateway.request("POST", SUBJECTS, body=b"{" * 100_000), 413)
        # A slow client announces a large body, but does not send it.
        response = self.raw(gateway, f"POST {RECOGNISE} HTTP/1.1\r\nx-api-key: {gateway.keys['read']}\r\n"
                          "Content-Length: 99000000\r\n\r\n")
        self.assertIn(b" 413 ", response)

    def test_rejects_images_with_too_many_pixels(self):
        gateway = Gateway(self, FACEBUS_GATEWAY_MAX_MEGAPIXELS="1")
        huge = ffmpeg_image(self, "huge.png", "-f", "lavfi", "-i", "color=gray:1100x1100")
        gateway.expect_error(gateway.post(RECOGNISE, image_part(huge)), 413, words="1100 x 1100")

    def test_slow_requests_time_out_and_the_next_request_succeeds(self):
        gateway = Gateway(self, FACEBUS_GATEWAY_TIMEOUT="0.5", FACEBUS_GATEWAY_THREADS="1")
        start = time.monotonic()
        self.raw(gateway, f"POST {RECOGNISE} HTTP/1.1\r\nx-api-key: {gateway.keys['read']}\r\n"
                 "Content-Length: 1000\r\n\r\nx")
        self.raw(gateway, "GET / HT")
        self.assertLess(time.monotonic() - start, 20)
        self.assertEqual(200, gateway.request("GET", SUBJECTS).status)

    def test_stops_despite_an_unfinished_request(self):
        gateway = Gateway(self)
        host, _, port = gateway.address.rpartition(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"POST {RECOGNISE} HTTP/1.1\r\nx-api-key: {gateway.keys['read']}\r\n"
                               "Content-Length: 1000\r\n\r\nx".encode())
            gateway.stop("gateway")

    def raw(self, gateway, text):
        """Sends the text on a new connection. Returns the bytes that arrive until the gateway closes the connection."""
        host, _, port = gateway.address.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(text.encode())
            response = b""
            while chunk := connection.recv(4096):
                response += chunk
        return response


class Documentation(GatewayTest):
    def test_documented_commands_work(self):
        """Runs the commands of docs/rest.md in order, except the one that starts the gateway and the one that reads the
        event stream."""
        need_tool("curl")
        blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs/rest.md").read_text(), re.M | re.S)
        make_key, commands = blocks[0].splitlines()[0], blocks[1]
        gateway = Gateway(self)
        for name, file in (("alice", OBAMA[0]), ("party", OBAMA[1]), ("one", OBAMA[0]),
                           ("two", OBAMA[2]), ("a1", OBAMA[1]), ("Bob", BIDEN)):
            shutil.copy(file, self.folder / f"{name}.jpg")
        commands = commands.replace("http://127.0.0.1:8000", f"http://{gateway.address}")
        script = (f"set -eu\ncurl() {{ command curl --silent --fail-with-body \"$@\"; echo; }}\n{make_key}\n"
                  f"cat api-keys >> {gateway.keys_file}\n"
                  f"until command curl --silent --fail -o /dev/null -H \"x-api-key: $(cat me.key)\" "
                  f"http://{gateway.address}{SUBJECTS}; do :; done\n{commands}")
        ran = self.run_program(["bash", "-c", script],
                               self.environment(PATH=f"{BIN}:{os.environ['PATH']}"))
        self.assertEqual(0, ran.code, ran)
        self.assertGreater(commands.count("curl"), 5)
        recognised = json.loads(ran.out.splitlines()[1])["result"][0]
        self.assertEqual("Alice", recognised["subjects"][0]["subject"])
        self.assertEqual(["Alice B.", "Bob"], gateway.subjects())
        self.assertTrue((self.folder / "all.gallery").read_bytes().startswith(b"facebus sealed"))


class InvalidInput(GatewayTest):
    def test_reports_the_name_of_an_invalid_parameter(self):
        gateway = Gateway(self)
        body, type = form(image_part(OBAMA[1]))
        for query, code, word in (("limit=-1", 36, "limit"), ("limit=x", 36, "limit"),
                                  ("prediction_count=0", 12, "prediction_count"),
                                  ("det_prob_threshold=2", 36, "det_prob_threshold"),
                                  ("face_plugins=teeth", 36, "teeth"), ("status=7", 36, "status"),
                                  ("limit=1&limit=2", 36, "limit"),
                                  ("face_plugins=landmarks&face_plugins=calculator", 36, "face_plugins")):
            response = gateway.request("POST", f"{RECOGNISE}?{query}", body=body, type=type)
            gateway.expect_error(response, 400, code, word)
        gateway.expect_error(gateway.request("POST", FACES, body=body, type=type), 400, 33, "subject")
        gateway.expect_error(gateway.request("GET", f"{FACES}?size=0"), 400, 36, "size")

    def test_rejects_malformed_forms_images_and_json(self):
        gateway = Gateway(self)
        body, type = form(image_part(OBAMA[1]))
        gateway.expect_error(gateway.request("POST", RECOGNISE, body=body[:-50], type=type), 400, 34)
        gateway.expect_error(gateway.request("POST", RECOGNISE, body=body, type="multipart/form-data"), 400, 34)
        gateway.expect_error(gateway.request("POST", RECOGNISE, body=body, type="text/plain"), 415)
        gateway.expect_error(gateway.post(RECOGNISE, ("photo", b"x")), 400, 34, "file")
        cut = OBAMA[1].read_bytes()[:5000]
        for bytes_ in (b"", b"hello", b"\xff\xd8\xff", cut, b"GIF89a" + b"\0" * 100):
            gateway.expect_error(gateway.post(RECOGNISE, ("file", bytes_, "x.jpg")), 400, 21)
        for bad in (b"", b"{", b"[]", b"null", b"{}", b"[" * 60_000):
            gateway.expect_error(gateway.request("POST", SUBJECTS, body=bad), 400, 33)
            gateway.expect_error(gateway.request("POST", f"{GALLERY}/merge", body=bad), 400, 33)
        for bad in (b'{"subject": 7}', b'{"name": "x"}'):
            gateway.expect_error(gateway.request("POST", SUBJECTS, body=bad), 400, 33)
        for bad in (b'{"from": 7, "into": "x"}', b'{"from": "x"}'):
            gateway.expect_error(gateway.request("POST", f"{GALLERY}/merge", body=bad), 400, 33)
        gateway.expect_error(gateway.request("POST", f"{GALLERY}/export", body={"passphrase": ""}), 400, 36)
        gateway.expect_error(gateway.request("POST", RECOGNISE, body=body, type=type,
                                             headers={"Content-Encoding": "gzip"}), 415)
        self.assertEqual([], gateway.subjects())

    def test_survives_hostile_images(self):
        need_data()
        gateway = Gateway(self)
        for file in sorted((DATA / "hard").rglob("*")):
            if file.is_file():
                response = gateway.post(RECOGNISE, image_part(file))
                self.assertIn(response.status, (200, 400, 413), f"{file}: {response}")

    def test_responds_with_404_to_unknown_ids_and_paths_and_with_405_to_wrong_methods(self):
        gateway = Gateway(self)
        body, type = form(image_part(OBAMA[1]))
        for unknown in ("x", "0" * 32, "..%2f..%2fetc", "00000000-0000-0000-0000-000000000000"):
            gateway.expect_error(gateway.request("DELETE", f"{FACES}/{unknown}"), 404)
        gateway.expect_error(gateway.request("POST", f"{FACES}/{'0' * 32}/verify", body=body, type=type), 404, 11)
        gateway.expect_error(gateway.request("GET", "/page/nothing.js"), 404)
        gateway.expect_error(gateway.request("GET", "/api/v1/recognition/faces/1/2/3"), 404)
        response = gateway.request("PATCH", SUBJECTS)
        gateway.expect_error(response, 405)
        self.assertIn("POST", response.headers["Allow"])


if __name__ == "__main__":
    unittest.main()
