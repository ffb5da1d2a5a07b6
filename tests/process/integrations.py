"""A gateway and a broker with a simulated edge and a simulated worker. Tests use them to check what the gateway
publishes about tracks and results."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))

from gateway import Gateway
from peers import BOX, CROP, QUALITY, header
from support import need_tool
from system import msgpack, zmq


class SimulatedSite(Gateway):
    """A gateway and a broker of facebus, with a simulated edge and a simulated worker."""

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
        """Returns a socket that is connected to an endpoint of the broker."""
        socket = self.context.socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(self.ipc(endpoint))
        return socket

    def send_credit(self):
        """Sends the worker's request for one probe. The message is also the worker's heartbeat."""
        self.worker.send_multipart([b"credit.w", self.head("w", credit=1, model="m", gallery="0-0",
                                                           gallery_stale=False, subjects=0, samples=0), b""])

    def restart_gateway(self, **environment):
        """Starts a stopped or killed gateway again and waits until it is ready."""
        self.start("gateway", **environment)

    def kill(self, name):
        """Kills a service with SIGKILL."""
        service = self.services.pop(name)
        service.process.kill()
        service.process.wait()

    def head(self, source, **fields):
        """Returns an encoded message header with the next sequence number."""
        self.sequence += 1
        return header(source, self.sequence, **fields)

    def event(self, track, event, camera="door"):
        """Sends a track event from the edge: started, moved, ended, or `end`, which ends all tracks of the camera."""
        self.edge.send_multipart([f"track.{camera}".encode(),
                                  self.head(camera, track=track, event=event, pts=0, box=BOX), b""])

    def result(self, track, subject=None, camera="door", **fields):
        """Sends a probe of the track from the edge and its result from the worker. Returns the result that the broker
        published. `subject` is (id, name); if it is None, the decision is `unknown`. Requires: the decision about the
        track changes; otherwise the broker publishes no result. `fields`: further fields of the result."""
        self.send_credit()
        probe = f"{track}/{self.sequence}"
        self.edge.send_multipart([f"probe.{camera}".encode(), self.head(
            camera, probe=probe, track=track, pts=0, box=BOX, quality=QUALITY), CROP])
        received = {"probe": None}
        while received["probe"] != probe:
            received = msgpack.unpackb(self.worker.recv_multipart()[1])
        known = {"subject_id": subject[0], "subject": subject[1], "similarity": 0.9} if subject else {}
        self.worker.send_multipart([f"identity.{camera}".encode(), self.head(
            camera, result=0, probe=probe, track=received["track"], pts=0, box=BOX,
            decision="known" if subject else "unknown", threshold=0.5, probes=1, samples=[], quality=0.5,
            model="m", gallery="0-0", **known, **fields), b""])
        return self.until(lambda m: m.kind == "identity" and m["probe"] == probe)

    def add_subject(self, name):
        """Adds a subject to the gallery and returns (id, name)."""
        self.expect_success(self.request("POST", "/api/v1/recognition/subjects", body={"subject": name}))
        id = self.case.run_program(["redis-cli", "-s", self.folder / "redis", "HGET",
                                    "facebus:gallery:names", name]).out.strip()
        self.case.assertRegex(id, "^[0-9a-f]{32}$")
        return id, name


def result_id(message):
    """Returns the id under which the gateway publishes a result."""
    return f"{message['run']}-{message['result']}"


def self_signed(case, name):
    """Creates a key and a self-signed certificate for `name`, which is "IP:ADDRESS" or "DNS:NAME". Returns both
    files: (key, certificate)."""
    need_tool("openssl")
    key, certificate = case.folder / "tls.key", case.folder / "tls.crt"
    made = case.run_program(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                             "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                             "-subj", f"/CN={name.partition(':')[2]}", "-addext", f"subjectAltName={name}"])
    case.assertEqual(0, made.code, made)
    return key, certificate
