"""Tests what operators rely on: services that keep working while nobody reads their log, SIGHUP, systemd's watchdog."""

import contextlib
import fcntl
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import unittest

import support
from gateway import BIDEN, RECOGNISE, SUBJECTS, Gateway, need_gateway
from images import carphone_frames
from support import CARPHONE, log_fields, program
from system import RECEIVERS, Service, System, http_get, identities, metric, zmq
from test_security import EncryptedSystem

WATCHDOG = 0.4  # seconds; the watchdog timeout of the test


class BlockedPipe:
    """Pipe with the smallest possible capacity. It is read only on request."""

    def __init__(self):
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, 4096)
        # Opens the pipe again, because O_NONBLOCK on `writer` would also affect programs that inherit it.
        self.filler = os.open(f"/proc/self/fd/{self.writer}", os.O_WRONLY | os.O_NONBLOCK)

    def fill(self):
        """Fills the pipe with empty lines, so that writing to it blocks."""
        with contextlib.suppress(BlockingIOError):
            while os.write(self.filler, b"\n"):
                pass

    def read_until(self, event):
        """Reads until there is a line with this event, and returns the lines."""
        text = b""
        while not re.search(rb"event=%s\b.*\n" % event.encode(), text):
            text += os.read(self.reader, 65536)
        return [line for line in text.decode().splitlines() if line]

    def close(self):
        for descriptor in (self.reader, self.writer, self.filler):
            os.close(descriptor)


class BlockedLog:
    """Mixin for systems: once the service `blocked` is ready, nobody reads its log, and its pipe is full."""

    blocked = "broker"

    def __init__(self, case):
        self.pipe = BlockedPipe()
        case.addCleanup(self.pipe.close)
        super().__init__(case)

    def _launch(self, name, command, **environment):
        if name != self.blocked:
            super()._launch(name, command, **environment)
            return
        process = self.case.spawn(command, self.environment, self.pipe.writer, self.pipe.writer)
        self.services[name] = Service(name, process, self.folder / f"{name}.log")

    def start(self, *names, **environment):
        super().start(*names, **environment)
        if self.blocked in names:
            self.services[self.blocked].log.write_text("\n".join(self.pipe.read_until("ready")))
            self.pipe.fill()


class BlockedBroker(BlockedLog, System):
    pass


class BlockedGateway(BlockedLog, Gateway):
    blocked = "gateway"


class BlockedLogTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()
        need_gateway()

    def lose_lines(self, system):
        """Makes the broker write log lines until some are lost. Each message wakes the broker, so that it notices the
        signal."""
        broker = system.services["broker"]
        peer = system.context.socket(zmq.DEALER)
        peer.linger = 0
        peer.connect(system.ipc("probes"))
        while not metric(broker.health, "facebus_log_lines_lost_total"):
            for _ in range(500):
                broker.process.send_signal(signal.SIGHUP)
                peer.send_multipart([b"probe", b"\xc1", b""])  # malformed, which is logged, too
        peer.close()

    def test_the_broker_delivers_results_while_nobody_reads_its_log_and_reports_lost_lines_afterwards(self):
        system = BlockedBroker(self)
        system.start_redis()
        system.enrol(carphone_frames(self))
        system.start("broker")
        broker = system.services["broker"]
        self.lose_lines(system)
        system.start(*(name for name in RECEIVERS if name != "broker"))
        system.until(lambda m: m.kind == "status" and m["workers"] == 1)
        self.assertTrue(identities(system.replay(CARPHONE)), "no results")
        status, _, body = http_get(broker.health, "/healthz")
        self.assertEqual(200, status, body)

        lines = [log_fields(line) for line in system.pipe.read_until("log_lines_lost")]
        self.assertNotIn(None, lines)
        reports = [int(line["lines"]) for line in lines if line["event"] == "log_lines_lost"]
        self.assertEqual([metric(broker.health, "facebus_log_lines_lost_total")], reports)
        broker.terminate()
        self.assertIn("event=stopped", system.pipe.read_until("stopped")[-1])
        self.assertEqual(0, broker.wait())

    def test_the_broker_exits_on_sigterm_while_nobody_reads_its_log(self):
        system = BlockedBroker(self)
        system.start("broker")
        broker = system.services["broker"]
        broker.terminate()
        self.assertEqual(0, broker.wait())

    def test_damaged_images_do_not_block_the_gateway_while_nobody_reads_its_log(self):
        image = bytearray(BIDEN.read_bytes())
        for position in range(len(image) // 2, len(image) - 100, 997):
            image[position] ^= 0x55
        system = BlockedGateway(self)
        for _ in range(3):
            response = system.post(RECOGNISE, ("file", bytes(image), "damaged.jpg"))
            self.assertIn(response.status, (200, 400), response)
        system.services["gateway"].terminate()
        lines = system.pipe.read_until("stopped")
        self.assertEqual(3, sum(line.startswith("Corrupt JPEG data") for line in lines), lines)

    def test_a_fatal_error_ends_the_program_while_nobody_reads_its_log(self):
        pipe = BlockedPipe()
        self.addCleanup(pipe.close)
        pipe.fill()
        for arguments, code in (([], 78), (["--nonsense"], 64)):
            process = self.spawn([program("facebus-broker"), *arguments],
                                 self.environment(FACEBUS_BROKER_QUEUE="many"), pipe.writer, pipe.writer)
            self.assertEqual(code, process.wait())


class ReloadTest(support.ProcessTest):
    @classmethod
    def setUpClass(cls):
        support.need_system()
        need_gateway()

    def reload(self, service):
        """Sends SIGHUP to a service and returns the fields of the line that it logs then."""
        before = len(service.lines())
        service.process.send_signal(signal.SIGHUP)
        while True:
            for fields in map(log_fields, service.lines()[before:]):
                if fields and fields["event"].startswith("reload"):
                    return fields
            self.assertIsNone(service.wait(0.05), "the service exited")

    def test_the_gateway_reloads_api_keys_on_sighup(self):
        system = Gateway(self)
        gateway = system.services["gateway"]
        before = system.keys_file.read_text()
        time = system.keys_file.stat().st_mtime_ns
        late = system.make_key("read", "late")
        without_admin = [line for line in system.keys_file.read_text().splitlines() if not line.endswith(" admin")]
        system.keys_file.write_text("\n".join(without_admin) + "\n")
        # Restores the modification time, so that the gateway reloads the file only on SIGHUP.
        os.utime(system.keys_file, ns=(time, time))
        fields = self.reload(gateway)
        self.assertEqual(("reloaded", "gateway.keys", "3"), (fields["event"], fields["setting"], fields["keys"]))
        self.assertIn("restart", fields["hint"])
        self.assertEqual(200, system.request("GET", SUBJECTS, late).status)
        self.assertEqual(401, system.request("GET", SUBJECTS, "admin").status)

        system.keys_file.write_text(before + "nonsense\n")
        self.assertEqual("reload_failed", self.reload(gateway)["event"])
        # The invalid line is skipped; the other lines take effect.
        self.assertEqual(200, system.request("GET", SUBJECTS, "admin").status)
        self.assertEqual(401, system.request("GET", SUBJECTS, late).status)

    def test_the_broker_reloads_its_allowed_keys_on_sighup(self):
        system = EncryptedSystem(self)
        system.start("broker")
        system.make_key("edge", "late")
        fields = self.reload(system.services["broker"])
        self.assertEqual(("reloaded", "bus.allowed", "4"), (fields["event"], fields["setting"], fields["keys"]))
        shutil.rmtree(system.allowed)
        fields = self.reload(system.services["broker"])
        self.assertEqual("reload_failed", fields["event"])
        self.assertIn(str(system.allowed), fields["reason"])

    def test_services_without_keys_to_reload_ignore_sighup(self):
        system = System(self)
        system.start("track", "motion")
        for name in ("track", "motion"):
            service = system.services[name]
            service.process.send_signal(signal.SIGHUP)
            service.terminate()
            self.assertEqual(0, service.wait(), service.last_line())


class WatchdogTest(support.ProcessTest):
    def test_a_service_pings_the_watchdog_of_systemd_after_it_is_ready(self):
        support.need_programs()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(str(self.folder / "notify"))
            self.spawn([program("facebus-motion")], self.environment(
                NOTIFY_SOCKET=self.folder / "notify", WATCHDOG_USEC=int(WATCHDOG * 1e6), FACEBUS_MOTION_HEALTH="none",
                FACEBUS_MOTION_INPUT=f"ipc://{self.folder / 'motion'}",
                FACEBUS_DETECT_INPUT=f"ipc://{self.folder / 'detect'}"),
                subprocess.DEVNULL, subprocess.DEVNULL)
            self.assertIn(b"READY=1", systemd.recv(4096))
            for _ in range(5):
                readable, _, _ = select.select([systemd], [], [], 10 * WATCHDOG)
                self.assertTrue(readable, "no ping")
                self.assertEqual(b"WATCHDOG=1", systemd.recv(4096))


if __name__ == "__main__":
    unittest.main()
