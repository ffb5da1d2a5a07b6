"""The gateway beside a real broker, with an edge and a worker that the test plays: it says who comes, who
is seen and who goes, and looks at what the gateway tells of it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))

from gateway import Gateway
from peers import BOX, CROP, QUALITY, header
from support import need_tool
from system import msgpack, zmq


class House(Gateway):
    """A gateway, a broker, an edge and a worker."""

    def __init__(self, case, **environment):
        super().__init__(case, **{"FACEBUS_CAMERAS_DOOR_SOURCE": "none", **environment})
        self.numbers = 0
        self.edge = self.peer("probes")
        self.worker = self.peer("workers")
        self.ask_for_probe()
        self.until(lambda m: m.kind == "status" and m["workers"] == 1)

    def start_redis(self, *flags):
        """And the broker, so that it is there when the gateway comes."""
        super().start_redis(*flags)
        self.start("broker")

    def peer(self, endpoint):
        socket = self.context.socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(self.ipc(endpoint))
        return socket

    def ask_for_probe(self):
        """The worker says that it is alive, too."""
        self.worker.send_multipart([b"credit.w", self.head("w", credit=1, model="m", gallery="0-0",
                                                           gallery_stale=False, subjects=0, samples=0), b""])

    def restart_gateway(self, **environment):
        """Starts the gateway; returns when it is ready."""
        self.start("gateway", **environment)

    def kill(self, name):
        """SIGKILL."""
        service = self.services.pop(name)
        service.process.kill()
        service.process.wait()

    def head(self, source, **fields):
        self.numbers += 1
        return header(source, self.numbers, **fields)

    def event(self, track, event, camera="door"):
        """started, moved, ended; or end, of all the camera's tracks."""
        self.edge.send_multipart([f"track.{camera}".encode(),
                                  self.head(camera, track=track, event=event, pts=0, box=BOX), b""])

    def result(self, track, subject=None, camera="door"):
        """A result of that track, as the broker published it; `subject`: (id, name)."""
        self.ask_for_probe()
        probe = f"{track}/{self.numbers}"
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

    def enter(self, name):
        """A new person of the gallery, as (id, name)."""
        self.good(self.ask("POST", "/api/v1/recognition/subjects", body={"subject": name}))
        id = self.case.run_program(["redis-cli", "-s", self.folder / "redis", "HGET",
                                    "facebus:gallery:names", name]).out.strip()
        self.case.assertRegex(id, "^[0-9a-f]{32}$")
        return id, name


def result_id(message):
    return f"{message['run']}-{message['result']}"


def self_signed(case, name):
    """The files of a key and of its certificate for "IP:ADDRESS" or "DNS:NAME"."""
    need_tool("openssl")
    key, certificate = case.folder / "tls.key", case.folder / "tls.crt"
    made = case.run_program(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                             "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                             "-subj", f"/CN={name.partition(':')[2]}", "-addext", f"subjectAltName={name}"])
    case.assertEqual(0, made.code, made)
    return key, certificate
