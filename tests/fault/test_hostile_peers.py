"""Tests the broker against peers that try to exhaust its file descriptors or its memory, and with changes to its list
of allowed keys. Runs a real broker with simulated edges and workers."""

import contextlib
import itertools
import json
import pathlib
import socket
import unittest

from fault_system import FaultTest, metric, zmq
from peers import Edge, Worker
from support import need_tool, resident_bytes
from system import System, http_get
from test_security import EncryptedSystem, free_port
from zmtp import RawPeer

MIB = 1 << 20
# Memory that docs/security.md states for messages without an end, with and without keys.
ENCRYPTED_LIMIT, UNENCRYPTED_LIMIT = 32 * MIB, 128 * MIB
ENDPOINTS = {"edge": "PROBES", "worker": "WORKERS", "subscriber": "RESULTS"}
KINDS = {"edge": b"DEALER", "worker": b"DEALER", "subscriber": b"SUB"}


class UnencryptedSystem(System):
    """Broker on TCP without keys, as on a trusted network."""

    def __init__(self, case):
        super().__init__(case, FACEBUS_BUS_ALLOW_UNENCRYPTED="loopback", **{
            f"FACEBUS_BROKER_{name}": f"tcp://127.0.0.1:{free_port()}" for name in ENDPOINTS.values()})

    @property
    def results(self):
        return self.environment["FACEBUS_BROKER_RESULTS"]


class HostilePeers(FaultTest):
    def start_broker(self, encrypted=True, descriptors=None):
        """Starts Redis and a broker, and returns the system. `descriptors` is the limit of open files of the broker, in
        the form SOFT:HARD."""
        system = EncryptedSystem(self) if encrypted else UnencryptedSystem(self)
        system.start_redis()
        launch = system._launch
        if descriptors:
            need_tool("prlimit")
            system._launch = lambda name, command, **environment: launch(
                name, ["prlimit", f"--nofile={descriptors}", *command], **environment)
        system.start("broker")
        system._launch = launch
        system.until(lambda m: m.kind == "status")
        return system

    def endpoint(self, system, role):
        return system.environment[f"FACEBUS_BROKER_{ENDPOINTS[role]}"]

    def edge(self, system, name, key="edge"):
        return Edge(system.context, self.endpoint(system, "edge"), name,
                    set_keys=lambda s: system.set_keys(s, key))

    def worker(self, system):
        return Worker(system.context, self.endpoint(system, "worker"),
                      set_keys=lambda s: system.set_keys(s, "worker"))

    def raw_peer(self, system, role, key=None):
        """Connects without libzmq. `key` is the name of a key pair; without it the connection is not encrypted."""
        keys = key and [(system.keys / file).read_text() for file in (f"{key}.key", f"{key}.pub", "broker.pub")]
        return RawPeer(self.endpoint(system, role), KINDS[role], keys)

    def complete(self, system, worker, edges):
        """Sends a probe from each edge and runs the worker until every probe is acknowledged."""
        poller = zmq.Poller()
        # The broker may have lost the worker, because nothing has arrived from it for some time.
        worker.send_credit(worker.credit)
        for edge in edges:
            edge.send()
        for item in (worker.socket, system.subscriber, *(edge.socket for edge in edges)):
            poller.register(item, zmq.POLLIN)
        while any(edge.unacknowledged for edge in edges):
            poller.poll()
            worker.work()
            for edge in edges:
                edge.receive()
            while system.subscriber.poll(0):
                system.next()

    def health(self, system):
        """Returns the status of /healthz and the text of the check of the allow list."""
        status, _, body = http_get(system.services["broker"].health, "/healthz")
        return status, json.loads(body)["checks"]["allow list"]["text"]

    def await_health(self, system, status):
        """Waits until /healthz has this status, and returns the text of the check. Reads it after each status message,
        that is, once per second."""
        while self.health(system)[0] != status:
            system.until(lambda m: m.kind == "status")
        return self.health(system)[1]

    def await_keys(self, system, count):
        """Waits until the broker has read that many keys."""
        while self.health(system)[1] != f"keys: {count}":
            system.until(lambda m: m.kind == "status")

    def logged(self, system, text):
        """Returns whether the log of the broker contains the text."""
        return any(text in line for line in system.services["broker"].lines())

    def await_log(self, system, text):
        """Waits until the log of the broker contains the text. Reads it after each status message."""
        while not self.logged(system, text):
            system.until(lambda m: m.kind == "status")

    def errors(self, system, kind):
        return metric(system.services["broker"].health, "facebus_errors_total", kind=kind)


class DescriptorTest(HostilePeers):
    IDLE = 500    # connections to each port
    SECONDS = 6   # longer than the deadline for the handshake of a connection

    def open_connection(self, endpoint):
        """Connects without waiting and without sending anything."""
        connection = socket.socket()
        connection.setblocking(False)
        host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
        connection.connect_ex((host, int(port)))
        return connection

    def is_open(self, connection):
        """Returns whether the connection is still open. If the broker has closed it, closes it here, too."""
        with contextlib.suppress(ConnectionError):
            try:
                while connection.recv(4096):
                    pass
            except BlockingIOError:
                return True
        connection.close()
        return False

    def test_services_raise_their_limit_of_open_files(self):
        system = self.start_broker(descriptors="256:4096")
        limits = pathlib.Path(f"/proc/{system.services['broker'].process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max open files +4096 +4096")

    def test_idle_connections_neither_exhaust_descriptors_nor_revoke_keys(self):
        system = self.start_broker(descriptors="1024:1024")
        worker, door = self.worker(system), self.edge(system, "door")
        self.complete(system, worker, [door])
        system.make_key("edge", "gate")
        idle = {self.endpoint(system, role): [] for role in ENDPOINTS}
        self.addCleanup(lambda: [connection.close() for connection in itertools.chain(*idle.values())])
        for _ in range(self.SECONDS):
            for endpoint, connections in idle.items():
                connections[:] = [connection for connection in connections if self.is_open(connection)]
                while len(connections) < self.IDLE:
                    connections.append(self.open_connection(endpoint))
            system.until(lambda m: m.kind == "status")
            self.complete(system, worker, [door])
        # While the idle connections exist, an edge that was not connected before can connect.
        gate = self.edge(system, "gate", key="gate")
        self.complete(system, worker, [door, gate])
        for connection in itertools.chain(*idle.values()):
            connection.close()
        another = self.worker(system)
        system.until(lambda m: m.kind == "status" and m["workers"] == 2)
        self.assertEqual(0, another.work())
        self.assertEqual(200, self.health(system)[0])
        log = "\n".join(system.services["broker"].lines())
        self.assertNotIn("removed from bus.allowed", log)
        self.assertIn("raise the limit of open files", log)


class KeyTest(HostilePeers):
    def test_a_key_that_is_removed_and_put_back_works_again_without_a_restart(self):
        system = self.start_broker()
        system.start("recognize")
        door = self.edge(system, "door")
        for role in ("worker", "edge"):
            file = system.allowed / f"{role}.pub"
            aside = system.folder / f"{role}.pub"
            system.until(lambda m: m.kind == "status" and m["workers"] == 1)
            file.rename(aside)
            refused = self.errors(system, "refused")
            while self.errors(system, "refused") == refused:
                door.send()
                system.until(lambda m: m.kind == "status")
            self.await_log(system, f"its key {role} was removed from bus.allowed")
            aside.rename(file)
        system.until(lambda m: m.kind == "status" and m["workers"] == 1)
        while door.unacknowledged:
            door.resend()
            door.socket.poll(1000)
            door.receive()

    def test_an_edge_can_report_only_the_cameras_in_its_key_file(self):
        system = self.start_broker()
        with (system.allowed / "edge.pub").open("a") as file:
            file.write("cameras door,gate-*\n")
        worker = self.worker(system)
        door, gate, hall = (self.edge(system, name) for name in ("door", "gate-2", "hall"))
        refused = ("facebus_edge_messages_refused_total", {"reason": "camera"})
        while metric(system.services["broker"].health, refused[0], **refused[1]) == 0:
            hall.send()
            system.until(lambda m: m.kind == "status")
        self.complete(system, worker, [door, gate])
        hall.receive()
        self.assertIn(f"hall-{hall.sent}/1", hall.unacknowledged)
        (line,) = [line for line in system.services["broker"].lines() if "edge_message_refused" in line][:1]
        for text in ("key=edge", "camera=hall", "reason=camera"):
            self.assertIn(text, line)

    def test_keys_stay_valid_while_the_list_is_unreadable_and_health_reports_it(self):
        system = self.start_broker()
        worker, door = self.worker(system), self.edge(system, "door")
        self.complete(system, worker, [door])
        self.await_health(system, 200)
        moved = system.folder / "moved"
        system.allowed.rename(moved)
        text = self.await_health(system, 503)
        self.assertIn(str(system.allowed), text)
        self.assertIn("make it readable", text)
        self.assertGreater(self.errors(system, "unavailable"), 0)
        self.complete(system, worker, [door, self.edge(system, "gate")])
        moved.rename(system.allowed)
        self.await_health(system, 200)
        (system.allowed / "edge.pub").write_text("not a key\n")
        text = self.await_health(system, 503)
        self.assertIn("edge.pub", text)
        self.complete(system, worker, [door, self.edge(system, "hall")])
        self.assertEqual(0, self.errors(system, "refused"))


class EndlessMessageTest(HostilePeers):
    """A message without an end. libzmq never sends one, so the test speaks the protocol itself."""

    def check(self, system, role, key, part):
        broker = system.services["broker"]
        before, refused = resident_bytes(broker.process.pid), self.errors(system, "too_large")
        peak = before

        def measure():
            nonlocal peak
            peak = max(peak, resident_bytes(broker.process.pid))

        peer = self.raw_peer(system, role, key)
        sent = peer.send_endlessly(part, 1 << 30, measure)
        self.assertLess(sent, 1 << 30, "the broker did not close the connection")
        self.assertLess(peak - before, ENCRYPTED_LIMIT if key else UNENCRYPTED_LIMIT)
        peer.close()
        while self.errors(system, "too_large") == refused:
            system.until(lambda m: m.kind == "status")

    def test_the_broker_disconnects_a_key_holder_that_sends_a_message_without_an_end(self):
        system = self.start_broker()
        worker, door = self.worker(system), self.edge(system, "door")
        self.complete(system, worker, [door])
        for role in ENDPOINTS:
            system.make_key(role, f"hostile-{role}")
        self.await_keys(system, 6)
        for role in ENDPOINTS:
            for part in (b"", b"x" * (900 if role == "subscriber" else 60_000)):
                with self.subTest(role=role, part=len(part)):
                    self.check(system, role, f"hostile-{role}", part)
                    self.complete(system, worker, [door])
            # The broker logs at most one such line per second.
            while not self.logged(system, f"(key hostile-{role})"):
                self.check(system, role, f"hostile-{role}", b"")
        self.assertEqual(0, self.errors(system, "refused"))

    def test_the_broker_disconnects_a_peer_without_key_that_sends_a_message_without_an_end(self):
        system = self.start_broker(encrypted=False)
        for role in ENDPOINTS:
            for part in (b"", b"x" * (900 if role == "subscriber" else 60_000)):
                with self.subTest(role=role, part=len(part)):
                    self.check(system, role, None, part)
                    system.until(lambda m: m.kind == "status")

    def test_the_broker_disconnects_a_peer_that_sends_too_many_parts(self):
        system = self.start_broker()
        peer = self.raw_peer(system, "edge", "edge")
        peer.send(*[b"x"] * 5)
        with self.assertRaises(ConnectionError):
            while True:
                peer.receive(1)
        self.await_log(system, "5 frames instead of 3 (key edge)")


if __name__ == "__main__":
    unittest.main()
