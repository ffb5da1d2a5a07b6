"""A gateway and a broker with a simulated edge and worker, for tests of what the gateway publishes about tracks and
results."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))

from gateway import Gateway
from peers import BOX, CROP, QUALITY, header
from support import need_tool
from system import msgpack, zmq


class House(Gateway):
    """Gateway and broker of one house, with a simulated edge and worker."""

    def __init__(self, case, **environment):
        super().__init__(case, **{"FACEBUS_CAMERAS_DOOR_SOURCE": "none", **environment})
        self.sequence = 0
        self.edge = self.peer("probes")
        self.worker = self.peer("workers")
        self.send_credit()
        self.until(lambda m: m.kind == "status" and m["workers"] == 1)

    def start_redis(self, *flags):
        """Starts Redis and the broker, so that both are ready before the gateway starts."""
        super().start_redis(*flags)
        self.start("broker")

    def peer(self, endpoint):
        socket = self.context.socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(self.ipc(endpoint))
        return socket

    def send_credit(self):
        """Requests one probe as the worker. The message also serves as its heartbeat."""
        self.worker.send_multipart([b"credit.w", self.head("w", credit=1, model="m", gallery="0-0",
                                                           gallery_stale=False, subjects=0, samples=0), b""])

    def restart_gateway(self, **environment):
        """Starts the gateway again and waits until it is ready."""
        self.start("gateway", **environment)

    def kill(self, name):
        """Kills a service with SIGKILL."""
        service = self.services.pop(name)
        service.process.kill()
        service.process.wait()

    def head(self, source, **fields):
        self.sequence += 1
        return header(source, self.sequence, **fields)

    def event(self, track, event, camera="door"):
        """Publishes an event of a track: started, moved or ended; or `end`, which ends all tracks of the camera."""
        self.edge.send_multipart([f"track.{camera}".encode(),
                                  self.head(camera, track=track, event=event, pts=0, box=BOX), b""])

    def result(self, track, subject=None, camera="door"):
        """Makes the worker answer a probe of that track. Returns the result that the broker published. `subject` is
        (id, name); without it the person is unknown."""
        self.send_credit()
        probe = f"{track}/{self.sequence}"
        self.edge.send_multipart([f"probe.{camera}".encode(), self.head(
            camera, probe=probe, track=track, pts=0, box=BOX, quality=QUALITY), CROP])
        while msgpack.unpackb(self.worker.recv_multipart()[1])["probe"] != probe:
            pass
        known = {"subject_id": subject[0], "subject": subject[1], "similarity": 0.9} if subject else {}
        self.worker.send_multipart([f"identity.{camera}".encode(), self.head(
            camera, result=0, probe=probe, track=track, pts=0, box=BOX,
            decision="known" if subject else "unknown", threshold=0.5, probes=1, samples=[], quality=0.5,
            model="m", gallery="0-0", **known), b""])
        return self.until(lambda m: m.kind == "identity" and m["probe"] == probe)

    def add_subject(self, name):
        """Adds a subject to the gallery and returns (id, name)."""
        self.good(self.ask("POST", "/api/v1/recognition/subjects", body={"subject": name}))
        id = self.case.run_program(["redis-cli", "-s", self.folder / "redis", "HGET",
                                    "facebus:gallery:names", name]).out.strip()
        self.case.assertRegex(id, "^[0-9a-f]{32}$")
        return id, name


def result_id(message):
    return f"{message['run']}-{message['result']}"


def self_signed(case, name):
    """Makes a key and a self-signed certificate for "IP:ADDRESS" or "DNS:NAME". Returns the two files."""
    need_tool("openssl")
    key, certificate = case.folder / "tls.key", case.folder / "tls.crt"
    made = case.run_program(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                             "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                             "-subj", f"/CN={name.partition(':')[2]}", "-addext", f"subjectAltName={name}"])
    case.assertEqual(0, made.code, made)
    return key, certificate
