"""Simulated edges, and simulated workers that respond immediately, so that only the broker is under load."""

import time

from system import msgpack, zmq

CROP = bytes(160 * 160 * 3)
BOX = {"x": 1.5, "y": 2.5, "width": 80.5, "height": 100.5}
QUALITY = {"eye_distance": 40.5, "sharpness": 60.5, "yaw": 0.5, "detector": 0.99, "overall": 0.9}


def header(source, number, **fields):
    """Returns the encoded header of a message with this source, sequence number and further fields."""
    return msgpack.packb({"v": 1, "src": source, "seq": number, "ts": time.time_ns(), "t": {}, **fields})


class Edge:
    """Simulated edge with one camera: sends probes, each of a new track, and collects their acknowledgements. The
    ids of tracks and probes follow from the name of the camera. `set_keys` is called with the socket before it
    connects."""

    def __init__(self, context, endpoint, name, crop=CROP, set_keys=lambda socket: None):
        self.name, self.crop = name, crop
        self.sent = 0
        self.unacknowledged = {}  # probe id -> message
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.set_hwm(0)
        set_keys(self.socket)
        self.socket.connect(endpoint)

    def send(self, count=1):
        for _ in range(count):
            self.sent += 1
            track = f"{self.name}-{self.sent}"
            probe = f"{track}/1"
            self.unacknowledged[probe] = [f"probe.{self.name}".encode(), header(
                self.name, self.sent, probe=probe, track=track, pts=0, box=BOX, quality=QUALITY), self.crop]
            self.socket.send_multipart(self.unacknowledged[probe], copy=False)

    def resend(self):
        """Resends all unacknowledged probes."""
        for message in self.unacknowledged.values():
            self.socket.send_multipart(message, copy=False)

    def receive(self):
        """Reads all acknowledgements that have arrived. Returns the ids of the probes whose results are published, but
        not stored yet; these stay unacknowledged."""
        unstored = []
        while self.socket.poll(0):
            ack = msgpack.unpackb(self.socket.recv_multipart()[1])
            if ack.get("stored", True):
                self.unacknowledged.pop(ack["ref"], None)
            else:
                unstored.append(ack["ref"])
        return unstored


class Worker:
    """Simulated worker: responds to every probe with the decision `unknown` and the crop of the probe. `set_keys` is
    called with the socket before it connects."""

    credit = 16  # number of probes that the worker requests in advance

    def __init__(self, context, endpoint, name="w", set_keys=lambda socket: None):
        self.name = name
        self.sequence = 0
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.set_hwm(0)
        set_keys(self.socket)
        self.socket.connect(endpoint)
        self.send_credit(self.credit)

    def send_credit(self, credit):
        self.sequence += 1
        self.socket.send_multipart([b"credit.w", header(
            self.name, self.sequence, credit=credit, model="m", gallery="0-0", gallery_stale=False, subjects=0,
            samples=0), b""])

    def work(self):
        """Responds to all probes that have arrived and returns their number."""
        done = 0
        while self.socket.poll(0):
            _, probe, crop = self.socket.recv_multipart(copy=False)
            probe = msgpack.unpackb(probe.bytes)
            self.sequence += 1
            done += 1
            self.socket.send_multipart([f"identity.{probe['src']}".encode(), header(
                probe["src"], self.sequence, result=0, probe=probe["probe"], track=probe["track"], pts=0,
                box=BOX, decision="unknown", threshold=0.5, probes=1, samples=[], quality=0.5, model="m",
                gallery="0-0"), crop], copy=False)
        if done:
            self.send_credit(done)
        return done
