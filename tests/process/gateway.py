"""A gateway process with a Redis, and HTTP requests to it."""

import contextlib
import http.client
import json
import os
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


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    def __str__(self):
        return f"{self.status} {self.body[:500]!r}"

    @property
    def json(self):
        return json.loads(self.body)


def form(*parts):
    """Returns a multipart body and its content type. A part is (name, content) or (name, content, filename)."""
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
    """A gateway with a key for each role. With started=False it has no keys and runs only after serve()."""

    def __init__(self, case, redis=True, started=True, **environment):
        self.keys_file = case.folder / f"keys{len(case.groups)}"
        super().__init__(case, **{"FACEBUS_GATEWAY_ADDRESS": "127.0.0.1:0",
                                  "FACEBUS_GATEWAY_HEALTH": "127.0.0.1:0",
                                  "FACEBUS_GATEWAY_KEYS": self.keys_file,
                                  # Tests of other things must not reach the rate limit.
                                  "FACEBUS_GATEWAY_RATE": "0", **environment})
        self.keys = {role: self.make_key(role) for role in ("read", "enrol", "admin")} if started else {}
        if redis:
            self.start_redis()
        if started:
            self.start("gateway")
            self.read_address()

    def serve(self, command):
        """Starts the gateway with a shell command."""
        self._launch("gateway", ["bash", "-c", command], PATH=f"{BIN}:{os.environ['PATH']}")
        self._wait_ready(1)
        self.read_address()

    def read_address(self):
        """Reads the address from the log."""
        fields = [log_fields(line) for line in self.services["gateway"].lines()]
        self.address = next(f["address"] for f in fields if f and f.get("event") == "listening")

    def make_key(self, role, name=None):
        made = self.facebus("api-key", role, name or role)
        self.case.assertEqual(0, made.code, made)
        return made.out.strip()

    def ask(self, method, path, role="admin", body=None, type=None, headers=None):
        """Sends a request and returns the answer. `role` is a role, a key, or None to send no key. `body` is bytes,
        or a value to send as JSON."""
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
            return Answer(connection.getresponse())

    def post(self, path, *parts, role="admin"):
        body, type = form(*parts)
        return self.ask("POST", path, role, body, type)

    def good(self, answer, *statuses):
        self.case.assertIn(answer.status, statuses or (200, 201), answer)
        return answer.json

    def refused(self, answer, status, code=None, words=""):
        """Checks that the answer is an error in JSON whose message contains `words`. Returns the message."""
        self.case.assertEqual(status, answer.status, answer)
        self.case.assertEqual({"message", "code"}, set(answer.json), answer)
        self.case.assertIn(words, answer.json["message"])
        if code is not None:
            self.case.assertEqual(code, answer.json["code"], answer)
        return answer.json["message"]

    def add_face(self, subject, file):
        return self.good(self.post(f"/api/v1/recognition/faces?subject={subject}", image_part(file)))

    def recognise(self, file, query=""):
        return self.good(self.post(f"/api/v1/recognition/recognize{query}", image_part(file)))["result"]

    def subjects(self):
        return self.good(self.ask("GET", "/api/v1/recognition/subjects"))["subjects"]


def python_with(name):
    """Returns a Python with the packages of requirements/<name>.txt, pinned by version and hash."""
    folder = ROOT / "build" / name
    if not (folder / "ready").exists():
        for command in (["/usr/bin/python3", "-m", "venv", "--clear", folder],
                        [folder / "bin/pip", "install", "--quiet", "--no-deps", "--require-hashes",
                         "--disable-pip-version-check", "--requirement",
                         ROOT / f"tests/process/requirements/{name}.txt"]):
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
            need(done.returncode == 0, f"{name} can't be installed: {done.stderr[-500:]}")
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

    def enrolled(self):
        """Returns a gateway with one enrolled person."""
        gateway = Gateway(self)
        self.face = gateway.add_face("Barack%20Obama", OBAMA[0])
        return gateway
