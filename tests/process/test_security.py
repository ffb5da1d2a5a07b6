"""Tests access control: keys of the broker's sockets, malformed messages, and the users and TLS of Redis."""

import shutil
import socket
import struct
import subprocess
import unittest

import support
from images import carphone_frames
from support import CARPHONE, ROOT
from system import EDGE_RECEIVERS, System, http_get, identities, metric, msgpack, zmq

ROLES = ("broker", "edge", "worker", "subscriber")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class EncryptedSystem(System):
    """The services, connected over TCP, with one key pair per role."""

    def __init__(self, case, **environment):
        ports = {key: free_port() for key in ("PROBES", "WORKERS", "RESULTS")}
        super().__init__(case, **{f"FACEBUS_BROKER_{key}": f"tcp://127.0.0.1:{port}"
                                  for key, port in ports.items()}, **environment)

    def connect(self):
        self.keys = self.folder / "keys"
        self.allowed = self.folder / "allowed"
        self.allowed.mkdir()
        for role in ROLES:
            self.make_key(role, role)
        self.set_keys(self.subscriber, "subscriber")
        super().connect()

    def make_key(self, role, name, allow=True):
        made = self.case.facebus("keygen", role, name, "--into", str(self.keys))
        self.case.assertEqual(0, made.code, made)
        if allow and role != "broker":
            shutil.copy(self.keys / f"{name}.pub", self.allowed)

    def key_settings(self, name):
        """Returns the environment variables with the keys of a service."""
        if name == "broker":
            return {"FACEBUS_BUS_KEY": self.keys / "broker.key", "FACEBUS_BUS_ALLOWED": self.allowed}
        role = {"track": "edge", "recognize": "worker", "subscriber": "subscriber"}.get(name)
        if role is None:
            return {}
        return {"FACEBUS_BUS_KEY": self.keys / f"{role}.key",
                "FACEBUS_BUS_BROKER": self.keys / "broker.pub"}

    def start(self, *names, **environment):
        for name in names:
            super().start(name, **self.key_settings(name), **environment)

    @property
    def results(self):
        return self.environment["FACEBUS_BROKER_RESULTS"]

    def set_keys(self, client, name):
        """Sets the keys of a client's socket, as any subscriber does. `name` is the name of its key pair."""
        client.curve_secretkey = (self.keys / f"{name}.key").read_text().split()[1].encode()
        client.curve_publickey = (self.keys / f"{name}.pub").read_text().split()[1].encode()
        client.curve_serverkey = (self.keys / "broker.pub").read_text().split()[1].encode()

    def rejected_connections(self, role):
        return metric(self.services["broker"].health, "facebus_connections_rejected_total", role=role)


class SecurityTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()

    def encrypted_system(self, **environment):
        """Returns a system in which only Redis is running and the man of the demo clip is enrolled."""
        system = EncryptedSystem(self, **environment)
        system.start_redis()
        system.enrol("--name", "man", carphone_frames(self))
        return system

    def await_rejection(self, system, role, before=0):
        """Waits until the broker has rejected more than `before` connections to the socket that a role uses. Reads the
        metric after each status message, that is, once per second."""
        while system.rejected_connections(role) <= before:
            system.until(lambda m: m.kind == "status")


class KeyTest(SecurityTest):
    def test_recognises_people_with_one_key_per_role_and_the_command_watch_rejects_a_wrong_broker_key(self):
        system = self.encrypted_system()
        system.start_all()
        known = [m for m in identities(system.replay(CARPHONE)) if m["decision"] == "known"]
        self.assertEqual({"man"}, {m["subject"] for m in known})
        watched = system.case.facebus(
            "watch", "--count", "1", FACEBUS_BROKER_RESULTS=system.results,
            FACEBUS_BUS_KEY=system.keys / "edge.key", FACEBUS_BUS_BROKER=system.keys / "edge.pub")
        self.assertEqual(78, watched.code, watched)
        self.assertIn("bus.broker", watched.err)

    def test_clients_without_an_allowed_key_get_no_results_and_are_counted(self):
        system = self.encrypted_system()
        system.start("broker")
        system.until(lambda m: m.kind == "status")
        system.make_key("subscriber", "intruder", allow=False)
        # No key, a key that is not allowed, and a key that is allowed only for the socket of the edges.
        for name in (None, "intruder", "edge"):
            with self.subTest(key=name):
                before = system.rejected_connections("subscriber")
                intruder = system.context.socket(zmq.SUB)
                if name:
                    system.set_keys(intruder, name)
                intruder.connect(system.results)
                intruder.subscribe("")
                self.await_rejection(system, "subscriber", before)
                self.assertEqual(0, intruder.poll(0), "a client without an allowed key got a message")
                intruder.close(linger=0)

    def test_a_worker_can_connect_as_soon_as_its_key_is_allowed(self):
        system = self.encrypted_system()
        (system.allowed / "worker.pub").unlink()
        system.start("broker")
        system.start("recognize")
        self.await_rejection(system, "worker")
        shutil.copy(system.keys / "worker.pub", system.allowed)
        system.until(lambda m: m.kind == "status" and m["workers"] == 1)

    def test_services_do_not_start_if_unencrypted_tcp_is_not_allowed(self):
        for command in ("broker", "track"):
            with self.subTest(command=command):
                finished = self.run_program([support.program(f"facebus-{command}")], self.environment(
                    FACEBUS_BROKER_HEALTH="none", FACEBUS_TRACK_HEALTH="none",
                    FACEBUS_TRACK_INPUT=f"ipc://{self.folder / 'track'}"))
                self.assertEqual(78, finished.code, finished)
                self.assertEqual(1, len(finished.err_lines), finished)
                for word in ("bus.key", "keygen", "bus.allow_unencrypted"):
                    self.assertIn(word, finished.err)
        finished = self.run_program([support.program("facebus-broker")], self.environment(
            FACEBUS_BROKER_HEALTH="none", FACEBUS_BUS_ALLOW_UNENCRYPTED="loopback",
            FACEBUS_BROKER_PROBES="tcp://0.0.0.0:5799"))
        self.assertEqual(78, finished.code, finished)

    def test_keygen_never_replaces_a_key_and_explains_where_to_copy_the_files(self):
        first = self.facebus("keygen", "edge", "door", "--into", str(self.folder / "keys"))
        self.assertEqual(0, first.code, first)
        self.assertIn("bus.allowed", first.out)
        again = self.facebus("keygen", "edge", "door", "--into", str(self.folder / "keys"))
        self.assertNotEqual(0, again.code, again)
        self.assertIn("already exists", again.err)
        secret = (self.folder / "keys/door.key").read_text().split()[1]
        self.assertNotIn(secret, first.out + first.err + again.out + again.err)

    def test_keygen_writes_the_cameras_of_an_edge_and_rejects_invalid_ones(self):
        folder = self.folder / "keys"
        made = self.facebus("keygen", "edge", "door", "--into", folder, "--cameras", "front-*,door")
        self.assertEqual(0, made.code, made)
        self.assertEqual("cameras front-*,door", (folder / "door.pub").read_text().splitlines()[1])
        for role, cameras in (("edge", "front door"), ("edge", "a,,b"), ("edge", ""), ("worker", "door")):
            with self.subTest(role=role, cameras=cameras):
                failed = self.facebus("keygen", role, "gate", "--into", folder, "--cameras", cameras)
                self.assertEqual(64, failed.code, failed)
                self.assertIn("--cameras", failed.err)
                self.assertFalse((folder / "gate.pub").exists())

    def test_check_reads_the_list_of_keys(self):
        folder = self.folder / "allowed"
        self.facebus("keygen", "edge", "door", "--into", folder)
        settings = {"FACEBUS_BUS_ALLOWED": folder, "FACEBUS_REDIS_URL": "unix:///nonexistent/redis"}
        self.assertRegex(self.facebus("check", **settings).out, "(?m)^ok +allowed peers: 1 key$")
        (folder / "gate.pub").write_text((folder / "door.pub").read_text())
        failed = self.facebus("check", **settings)
        self.assertRegex(failed.out, "(?m)^FAILED +keys: .*door.pub and .*gate.pub contain the same key")


class MalformedMessageTest(SecurityTest):
    """Malformed messages from clients that are allowed to connect."""

    def system_with_broker(self):
        """Returns a system in which only Redis and the broker are running."""
        system = System(self)
        system.start_redis()
        system.start("broker")
        system.until(lambda m: m.kind == "status")
        return system

    def test_the_broker_disconnects_a_worker_that_sends_a_malformed_message(self):
        system = self.system_with_broker()
        worker = system.context.socket(zmq.DEALER)
        worker.linger = 0
        worker.connect(system.ipc("workers"))
        credit = {"v": 1, "src": "bad", "seq": 1, "ts": 1, "t": {}, "credit": 4, "model": "m",
                  "gallery": "0-0", "gallery_stale": False, "subjects": 0, "samples": 0}
        worker.send_multipart([b"credit.bad", msgpack.packb(credit), b""])
        system.until(lambda m: m.kind == "status" and m["workers"] == 1)
        worker.send_multipart([b"identity.bad", b"\xff" * 100, b""])
        worker.send_multipart([b"credit.bad", msgpack.packb(credit), b""])
        system.until(lambda m: m.kind == "status" and m["workers"] == 0)
        health = system.services["broker"].health
        self.assertEqual(1, metric(health, "facebus_workers_disconnected_total"))
        self.assertEqual(1, metric(health, "facebus_errors_total", kind="malformed"))
        # The broker ignores all further messages on this connection.
        system.until(lambda m: m.kind == "status")
        self.assertEqual(0, system.messages[-1]["workers"])

    def test_the_broker_counts_malformed_messages_of_an_edge_and_accepts_the_next_valid_one(self):
        system = self.system_with_broker()
        edge = system.context.socket(zmq.DEALER)
        edge.linger = 0
        edge.connect(system.ipc("probes"))
        for frames in ([b"x"], [b"probe.door", b"", b""], [b"probe.door", b"\xc1", b"\0" * 100],
                       [b"status.door", b"\x80", b""], [b"a", b"b", b"c", b"d"]):
            edge.send_multipart(frames)
        event = {"v": 1, "src": "door", "seq": 7, "ts": 1, "t": {}, "track": "door-1", "pts": 0,
                 "event": "started", "box": {"x": 0, "y": 0, "width": 1, "height": 1}}
        edge.send_multipart([b"track.door", msgpack.packb(event), b""])
        ack = msgpack.unpackb(edge.recv_multipart()[1])
        self.assertEqual("door-1/started/7", ack["ref"])
        body = http_get(system.services["broker"].health, "/metrics")[2]
        counted = sum(float(line.split()[-1]) for line in body.splitlines()
                      if line.startswith("facebus_errors_total{"))
        self.assertEqual(5, counted)

    def test_the_broker_publishes_no_id_that_could_crash_a_subscriber_or_control_a_terminal(self):
        system = self.system_with_broker()
        edge = system.context.socket(zmq.DEALER)
        edge.linger = 0
        edge.connect(system.ipc("probes"))
        event = {"v": 1, "src": "door", "seq": 7, "ts": 1, "t": {}, "track": "door-1", "pts": 0,
                 "event": "started", "box": {"x": 0, "y": 0, "width": 1, "height": 1}}
        header = msgpack.packb(event)
        bad = [b"\xff", b"\x1b", b"\n", b" ", b"\xc2"]
        for byte in bad:
            edge.send_multipart([b"track.door", header.replace(b"door-1", b"door" + byte + b"1"), b""])
            edge.send_multipart([b"track.door", header.replace(b"door-1", b"door" + byte + b"1")
                                 .replace(b"\xa7started", b"\xa3end"), b""])
        edge.send_multipart([b"track.door", header, b""])
        published = system.until(lambda m: m.kind == "track")
        self.assertEqual("door-1", published["track"])
        self.assertEqual(2 * len(bad), metric(system.services["broker"].health, "facebus_errors_total",
                                              kind="malformed"))

    def test_the_broker_disconnects_a_subscriber_whose_subscription_is_too_long(self):
        """ZeroMQ processes a subscription recursively, so a subscription of a megabyte would crash the broker."""
        system = self.system_with_broker()
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(10)
            peer.connect(system.results.removeprefix("ipc://"))
            # ZMTP 3.0: the greeting, the command READY of a SUB socket, and then a message with one long frame.
            peer.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32))
            ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 3) + b"SUB"
            peer.sendall(bytes([4, len(ready)]) + ready)
            size = 1_000_000
            with self.assertRaises(ConnectionError):  # the broker closes the connection
                peer.sendall(b"\x02" + struct.pack(">Q", size + 1) + b"\x01" + b"x" * size)
                while peer.recv(4096):
                    pass
                raise ConnectionResetError
        system.until(lambda m: m.kind == "status")
        self.assertIsNone(system.services["broker"].process.poll())


class RedisTest(SecurityTest):
    """Redis over TLS with one user per role. Each user has only the rights that the role needs."""

    def setUp(self):
        super().setUp()
        support.need_tool("openssl")
        self.port = free_port()
        self.secrets = self.folder / "secrets"
        made = subprocess.run([ROOT / "deploy/redis/make-secrets", self.secrets, "localhost"],
                              capture_output=True, text=True)
        self.assertEqual(0, made.returncode, made.stderr)

    def start_redis(self, system, *flags):
        """Starts Redis with TLS and the users of make-secrets."""
        secrets = self.secrets
        system._launch("redis", [
            shutil.which("redis-server"), "--port", "0", "--tls-port", str(self.port), "--tls-cert-file",
            str(secrets / "server.crt"), "--tls-key-file", str(secrets / "server.key"),
            "--tls-ca-cert-file", str(secrets / "ca.crt"), "--tls-auth-clients", "no", "--aclfile",
            str(secrets / "users.acl"), "--save", "", "--dir", str(system.folder),
            "--supervised", "systemd", *flags])
        system._wait_ready(1)

    def as_role(self, role):
        """Returns the environment variables with which a program connects to Redis as a role."""
        return {"FACEBUS_REDIS_URL": f"rediss://localhost:{self.port}/0", "FACEBUS_REDIS_USER": role,
                "FACEBUS_REDIS_PASSWORD_FILE": self.secrets / f"{role}.password",
                "FACEBUS_REDIS_CA_FILE": self.secrets / "ca.crt"}

    def cli(self, role, *redis_command):
        """Runs a Redis command as a role and returns its output."""
        finished = subprocess.run(
            [shutil.which("redis-cli"), "-h", "localhost", "-p", str(self.port), "--tls", "--cacert",
             self.secrets / "ca.crt", "--user", role, "--no-auth-warning", *redis_command],
            env={"REDISCLI_AUTH": (self.secrets / f"{role}.password").read_text().strip()},
            capture_output=True, text=True, errors="replace")
        return finished.stdout + finished.stderr

    def test_recognises_people_with_minimal_redis_rights_and_tls(self):
        system = System(self)
        self.start_redis(system)
        added = self.facebus("gallery", "add", "--name", "man", carphone_frames(self),
                             **self.as_role("enrol"))
        self.assertEqual(0, added.code, added)
        system.start("broker", **self.as_role("broker"))
        system.start("recognize", **self.as_role("worker"))
        system.start(*EDGE_RECEIVERS)
        system.until(lambda m: m.kind == "status" and m["workers"] == 1)
        known = [m for m in identities(system.replay(CARPHONE)) if m["decision"] == "known"]
        self.assertEqual({"man"}, {m["subject"] for m in known})
        # If Redis had rejected a command, the metric would exist.
        for name in ("broker", "recognize"):
            body = http_get(system.services[name].health, "/metrics")[2]
            self.assertNotIn("facebus_errors_total{", body, system.services[name].last_line())
        self.assertIn("identity.clip", self.cli("broker", "XRANGE", "facebus:results", "-", "+"))
        earlier = self.facebus("watch", "--connect", system.results, "--since", "1h", "--count", "1",
                               **self.as_role("subscriber"))
        self.assertEqual((0, ""), (earlier.code, earlier.err), earlier)
        self.cli("enrol", "SET", "facebus:reader:webhook:lock", "0-0")
        self.cli("enrol", "XADD", "facebus:dead_letters:webhook:lock", "*", "result", "1-1")
        for command in (("gallery", "list"), ("gallery", "show", "man"), ("calibrate",),
                        ("calibrate", "--reset"), ("webhooks", "replay"), ("webhooks", "list", "lock"),
                        ("webhooks", "clear"), ("migrate",),
                        ("backup", self.folder / "backup", "--unencrypted"),
                        ("restore", self.folder / "backup", "--into", self.folder / "restored", "--replace"),
                        ("gallery", "remove", "man")):
            finished = self.facebus(*command, **self.as_role("enrol"))
            self.assertEqual(0, finished.code, finished)
            self.assertNotIn("Redis", finished.err)

    def test_the_gallery_survives_a_restart_of_redis(self):
        system = System(self)
        self.start_redis(system, "--appendonly", "yes")
        added = self.facebus("gallery", "add", "--name", "man", carphone_frames(self), **self.as_role("enrol"))
        self.assertEqual(0, added.code, added)
        before = self.facebus("gallery", "list", **self.as_role("enrol"))
        system.stop("redis")
        self.start_redis(system, "--appendonly", "yes")
        after = self.facebus("gallery", "list", **self.as_role("enrol"))
        self.assertIn("man", after.out)
        self.assertEqual(before.out, after.out)

    def test_redis_rejects_commands_that_a_role_does_not_need(self):
        system = System(self)
        self.start_redis(system)
        forbidden = {
            "broker": [("HSET", "facebus:subject:a", "name", "x"), ("HGETALL", "facebus:sample:a"),
                       ("DEL", "facebus:results"), ("FLUSHALL",), ("CONFIG", "GET", "*"),
                       ("HGETALL", "facebus:track:a"), ("GET", "facebus:picture:a"), ("KEYS", "*"),
                       ("SET", "facebus:format", "2")],
            "worker": [("HSET", "facebus:sample:a", "embedding", "x"), ("DEL", "facebus:sample:a"),
                       ("XADD", "facebus:results", "*", "a", "b"), ("FLUSHALL",),
                       ("GET", "facebus:picture:a"), ("HSET", "facebus:gallery:calibration", "fpir", "0.5"),
                       ("SCAN", "0"), ("SET", "facebus:format", "2")],
            "enrol": [("FLUSHALL",), ("CONFIG", "SET", "dir", "/tmp"), ("SET", "other", "1"),
                      ("ACL", "LIST"), ("SHUTDOWN",), ("CLIENT", "LIST")],
            "subscriber": [("XADD", "facebus:results", "*", "a", "b"), ("HGETALL", "facebus:sample:a"),
                           ("HGETALL", "facebus:gallery:names"), ("FLUSHALL",)],
        }
        for role, commands in forbidden.items():
            for command in commands:
                with self.subTest(role=role, command=command):
                    self.assertIn("NOPERM", self.cli(role, *command))
        self.assertIn("NOAUTH", subprocess.run(
            [shutil.which("redis-cli"), "-h", "localhost", "-p", str(self.port), "--tls", "--cacert",
             self.secrets / "ca.crt", "GET", "x"], capture_output=True, text=True).stdout)
        for password in ("", "x"):
            self.assertRegex(self.cli("enrol", "AUTH", "default", password), "WRONGPASS")

    def test_reports_redis_servers_that_are_not_trusted_or_reject_the_login(self):
        system = System(self)
        self.start_redis(system)
        other = self.folder / "other"
        subprocess.run([ROOT / "deploy/redis/make-secrets", other, "localhost"], check=True,
                       capture_output=True)
        role = self.as_role("enrol")
        for changes, reason in (({"FACEBUS_REDIS_CA_FILE": other / "ca.crt"}, "certificate"),
                                ({"FACEBUS_REDIS_URL": f"rediss://127.0.0.1:{self.port}/0"},
                                 "(?i)mismatch"),
                                ({"FACEBUS_REDIS_URL": f"redis://localhost:{self.port}/0"}, "lost|reach"),
                                ({"FACEBUS_REDIS_CA_FILE": "/nonexistent"}, r"redis\.ca_file"),
                                ({"FACEBUS_REDIS_PASSWORD_FILE": self.secrets / "worker.password"},
                                 r"redis\.password_file")):
            with self.subTest(changes=changes):
                finished = self.facebus("gallery", "list", **{**role, **changes})
                self.assertEqual(69, finished.code, finished)
                self.assertEqual(1, len(finished.err_lines), finished)
                self.assertRegex(finished.err, reason)


if __name__ == "__main__":
    unittest.main()
