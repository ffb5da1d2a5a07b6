"""Tests the REST API for live results, cameras and unknown people, with all services running."""

import contextlib
import http.client
import json
import time
import unittest

from gateway import OBAMA, need_gateway
from page import PageSystem
from support import ProcessTest, need_system

EVENTS, UNKNOWN = "/api/v1/live/events", "/api/v1/unknown"
NOBODY = "0" * 32  # id of a face that does not exist


class Stream:
    """Client of the event stream. `last` is the value of the header Last-Event-ID."""

    def __init__(self, case, system, last=None):
        host, _, port = system.address.rpartition(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=60)
        case.addCleanup(self.close)
        self.connection.request("GET", EVENTS, headers={
            "x-api-key": system.keys["read"], "Accept-Encoding": "gzip, br",
            **({"Last-Event-ID": last} if last else {})})
        self.response = self.connection.getresponse()

    def line(self):
        """Returns the next line, without the newline."""
        return self.response.readline().decode().rstrip("\n")

    def next(self):
        """Waits for the next event. Returns its id and the result that it contains."""
        event = {}
        while "data" not in event:
            name, _, value = self.line().partition(": ")
            event[name] = value
        return event["id"], json.loads(event["data"])

    def close(self):
        self.response.close()
        self.connection.close()


class LiveTest(ProcessTest):
    limit = 240

    def setUp(self):
        need_system()
        need_gateway()
        super().setUp()

    def unknown_groups(self, system):
        """Waits until the gateway lists an unknown person. Returns the groups of faces, one group per person."""
        while not (groups := system.expect_success(system.request("GET", UNKNOWN))["groups"]):
            pass
        return groups

    def ids(self, group):
        return [face["id"] for face in group["faces"]]


class Events(LiveTest):
    def test_streams_results_and_resumes_after_the_last_event_id(self):
        system = PageSystem(self)
        stream = Stream(self, system)
        self.assertEqual("text/event-stream", stream.response.headers["Content-Type"])
        self.assertIsNone(stream.response.headers["Content-Encoding"])
        system.play_clips("door")
        id, result = stream.next()
        self.assertEqual("door", result["camera"])
        self.assertTrue(result["crop"].startswith("data:image/jpeg;base64,"))
        stream.close()
        next_id, next_result = Stream(self, system, id).next()
        self.assertNotEqual(id, next_id)
        self.assertGreaterEqual(next_result["time"], result["time"])
        self.assertEqual(id, Stream(self, system).next()[0])
        # With the event id of another run of the gateway, the stream also starts from the beginning.
        self.assertEqual(id, Stream(self, system, "another_run-7").next()[0])
        latest = system.expect_success(system.request("GET", "/api/v1/live"))["results"]
        self.assertIn(id, [result["id"] for result in latest])

    def test_limits_the_number_of_streams_and_still_answers_other_requests(self):
        system = PageSystem(self, FACEBUS_GATEWAY_MAX_STREAMS="2", FACEBUS_GATEWAY_THREADS="1")
        streams = [Stream(self, system) for _ in range(2)]
        for stream in streams:
            self.assertEqual(": results follow", stream.line())
        system.expect_error(system.request("GET", EVENTS), 503, words="gateway.max_streams")
        self.assertEqual(200, system.request("GET", "/api/v1/cameras").status)
        streams[0].close()
        while Stream(self, system).response.status != 200:
            pass

    def test_the_gateway_stops_within_5_seconds_despite_an_open_stream(self):
        system = PageSystem(self)
        stream = Stream(self, system)
        self.assertEqual(": results follow", stream.line())
        start = time.monotonic()
        system.stop("gateway")
        self.assertLess(time.monotonic() - start, 5)
        with contextlib.suppress(http.client.IncompleteRead):
            stream.response.read()


class Cameras(LiveTest):
    def test_lists_a_camera_that_never_delivered_a_frame(self):
        system = PageSystem(self, FACEBUS_CAMERAS_YARD_SOURCE="rtsp://127.0.0.1:1/none")
        while not (cameras := system.expect_success(system.request("GET", "/api/v1/cameras"))["cameras"]):
            pass
        (yard,) = cameras
        self.assertEqual(("yard", "no_frames", 0), (yard["camera"], yard["state"], yard["frames"]))
        self.assertNotIn("last_frame", yard)


class UnknownPeople(LiveTest):
    def test_keeps_unknown_faces_that_are_not_good_enough_to_enrol(self):
        system = PageSystem(self, FACEBUS_GALLERY_MIN_QUALITY="0.99")
        system.play_clips("door")
        (group, *_) = self.unknown_groups(system)
        self.assertIn("quality is too low", group["faces"][0]["refusal"])
        response = system.request("POST", f"{UNKNOWN}/name", body={"subject": "Carl", "faces": self.ids(group)})
        system.expect_error(response, 400, 21, "quality is too low")
        self.assertEqual([], system.subjects())
        self.assertIn(self.ids(group)[-1], [id for one in self.unknown_groups(system) for id in self.ids(one)])

    def test_ignoring_an_unknown_person_enrols_them_as_ignored(self):
        system = PageSystem(self)
        system.play_clips("door")
        (group, *_) = self.unknown_groups(system)
        image = system.request("GET", f"{UNKNOWN}/{group['faces'][0]['id']}/img")
        self.assertEqual((200, "image/jpeg", b"\xff\xd8"),
                         (image.status, image.headers["Content-Type"], image.body[:2]))
        named = system.expect_success(system.request("POST", f"{UNKNOWN}/ignore", body={"faces": self.ids(group)}))
        (subject,) = system.expect_success(system.request("GET", "/api/v1/gallery/subjects"))["subjects"]
        self.assertEqual((named["subject"], True), (subject["subject"], subject["ignored"]))
        self.assertEqual([], system.expect_success(system.request("GET", UNKNOWN))["groups"])
        self.assertEqual(404, system.request("GET", f"{UNKNOWN}/{group['faces'][0]['id']}/img").status)

    def test_reports_missing_and_invalid_fields_and_faces(self):
        system = PageSystem(self)
        for path in ("name", "ignore", "dismiss"):
            named = {} if path == "dismiss" else {"subject": "A"}
            for body in (b"", b"[]", named, {**named, "faces": []}, {**named, "faces": [1]}, {"faces": "x", **named}):
                system.expect_error(system.request("POST", f"{UNKNOWN}/{path}", body=body), 400, 33, "faces")
            response = system.request("POST", f"{UNKNOWN}/{path}", body={**named, "faces": [NOBODY]})
            system.expect_error(response, 404, 11, "face not found")
        system.expect_error(system.request("POST", f"{UNKNOWN}/name", body={"faces": [NOBODY]}), 400, 33, "subject")
        self.assertEqual([], system.subjects())

    def test_a_restart_of_the_gateway_drops_unknown_faces_and_crops(self):
        system = PageSystem(self)
        system.add_face("Barack", OBAMA[0])
        system.play_clips("door")
        self.unknown_groups(system)
        system.stop("capture")
        system.restart_gateway()
        self.assertEqual([], system.expect_success(system.request("GET", UNKNOWN))["groups"])
        # The history contains results, but no crops.
        while not (results := system.expect_success(system.request("GET", "/api/v1/live"))["results"]):
            pass
        self.assertFalse([result for result in results if "crop" in result])


if __name__ == "__main__":
    unittest.main()
