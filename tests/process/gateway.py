"""Runs a gateway process with a Redis server, and sends HTTP requests to the gateway."""

import contextlib
import http.client
import json
import subprocess
import uuid

from support import BIN, DEMO, ROOT, ProcessTest, log_fields, need, need_system
from system import System

OBAMA = sorted((DEMO / "photos/barack_obama").glob("*.jpg"))
BIDEN = DEMO / "photos/joe_biden/biden.jpg"

RECOGNITION = "/api/v1/recognition"
SUBJECTS, FACES, RECOGNISE = (f"{RECOGNITION}/{name}" for name in ("subjects", "faces", "recognize"))
GALLERY = "/api/v1/gallery"
LIVE = "/api/v1/live"


class Response:
    """A complete HTTP response."""

    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    def __str__(self):
        return f"{self.status} {self.body[:500]!r}"

    @property
    def json(self):
        return json.loads(self.body)


def form(*parts):
    """Returns a multipart/form-data body and its content type. A part is (name, content) or
    (name, content, filename)."""
    boundary = uuid.uuid4().hex
    body = b""
    for name, content, *filename in parts:
        more = f'; filename="{filename[0]}"' if filename else ""
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
        body += (content.encode() if isinstance(content, str) else content) + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def image_part(file, name="file"):
    return (name, file.read_bytes(), file.name)


class Gateway(System):
    """A gateway with one API key per role."""

    def __init__(self, case, **environment):
        self.keys_file = case.folder / f"keys{len(case.processes)}"
        super().__init__(case, **{"FACEBUS_GATEWAY_ADDRESS": "127.0.0.1:0",
                                  "FACEBUS_GATEWAY_HEALTH": "127.0.0.1:0",
                                  "FACEBUS_GATEWAY_KEYS": self.keys_file,
                                  # No rate limit by default: only the tests of the limit set one.
                                  "FACEBUS_GATEWAY_RATE": "0", **environment})
        self.keys = {role: self.make_key(role) for role in ("read", "enrol", "admin")}
        self.start_redis()
        self.start("gateway")
        # The gateway chooses its port and logs it.
        fields = [log_fields(line) for line in self.services["gateway"].lines()]
        self.address = next(f["address"] for f in fields if f and f.get("event") == "listening")

    def make_key(self, role, name=None):
        """Creates an API key, adds it to the gateway's key file and returns it."""
        made = self.facebus("api-key", role, name or role)
        self.case.assertEqual(0, made.code, made)
        return made.out.strip()

    def request(self, method, path, role="admin", body=None, type=None, headers=None):
        """Sends a request and returns the response. `role` is a role, an API key, or None to send no key. `body` is
        bytes, or a value that is sent as JSON."""
        headers = dict(headers or {})
        if role is not None:
            headers["x-api-key"] = self.keys.get(role, role)
        if body is not None and not isinstance(body, bytes):
            body, type = json.dumps(body).encode(), "application/json"
        if type:
            headers["Content-Type"] = type
        host, _, port = self.address.rpartition(":")
        with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=60)) as connection:
            connection.request(method, path, body, headers)
            return Response(connection.getresponse())

    def post(self, path, *parts, role="admin"):
        """Sends a form with these parts and returns the response. For the parts see form()."""
        body, type = form(*parts)
        return self.request("POST", path, role, body, type)

    def expect_success(self, response, *statuses):
        """Checks that the status is one of `statuses` (default: 200 or 201). Returns the decoded JSON body."""
        self.case.assertIn(response.status, statuses or (200, 201), response)
        return response.json

    def expect_error(self, response, status, code=None, words=""):
        """Checks that the response has this status and a JSON error with this code, whose message contains `words`.
        Returns the message."""
        self.case.assertEqual(status, response.status, response)
        self.case.assertEqual({"message", "code"}, set(response.json), response)
        self.case.assertIn(words, response.json["message"])
        if code is not None:
            self.case.assertEqual(code, response.json["code"], response)
        return response.json["message"]

    def add_face(self, subject, file):
        """Enrols a photo as `subject` (URL-encoded). Returns the decoded response."""
        return self.expect_success(self.post(f"/api/v1/recognition/faces?subject={subject}", image_part(file)))

    def recognise(self, file, query=""):
        """Sends an image to be recognised. Returns one entry per face in it, also for unknown people. `query` is empty
        or begins with "?"."""
        return self.expect_success(self.post(f"/api/v1/recognition/recognize{query}", image_part(file)))["result"]

    def subjects(self):
        """Returns the names of all subjects."""
        return self.expect_success(self.request("GET", "/api/v1/recognition/subjects"))["subjects"]


def interpreter_with(name):
    """Returns the interpreter of a virtual environment that contains the packages of requirements/<name>.txt, pinned
    by version and hash. Creates the environment on first use."""
    folder = ROOT / "build" / name
    if not (folder / "ready").exists():
        for command in (["/usr/bin/python3", "-m", "venv", "--clear", folder],
                        [folder / "bin/pip", "install", "--quiet", "--no-deps", "--require-hashes",
                         "--disable-pip-version-check", "--requirement",
                         ROOT / f"tests/process/requirements/{name}.txt"]):
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
            need(done.returncode == 0, f"{name} cannot be installed: {done.stderr[-500:]}")
        (folder / "ready").touch()
    return folder / "bin/python"


def need_gateway():
    need((BIN / "facebus-gateway").exists(), f"no facebus-gateway in {BIN}")
    need(OBAMA and BIDEN.exists(), f"no photos in {DEMO}; run models/prepare")


class GatewayTest(ProcessTest):
    def setUp(self):
        need_system()
        need_gateway()
        super().setUp()

    def gateway_with_one_person(self):
        """Returns a gateway whose gallery contains only Barack Obama. `self.face` is the response to his enrolment."""
        gateway = Gateway(self)
        self.face = gateway.add_face("Barack%20Obama", OBAMA[0])
        return gateway
