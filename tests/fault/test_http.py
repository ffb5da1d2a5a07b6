"""HTTP servers under attack by clients without a key: memory stays bounded, and other clients are served."""

import http.client
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import fault_system  # adds tests/process to the path
from gateway import SUBJECTS, Gateway
from support import need_models, resident_bytes

ATTACK = pathlib.Path(__file__).with_name("http_attack.py")
SILENT, SLOW, FLOODING = 2000, 200, 50
REQUESTS = 300
MEMORY_LIMIT = 64 << 20  # bytes above the memory before the attack, as stated in docs/security.md
LATENCY_LIMIT = 1.0      # seconds, 99th percentile


class UnderAttack(fault_system.FaultTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need_models()

    def attack(self, address):
        """Starts the attack, and waits for as many connections as there are attackers."""
        attacker = subprocess.Popen([sys.executable, "-B", ATTACK, address, str(SILENT), str(SLOW), str(FLOODING)],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(attacker.wait)
        self.addCleanup(attacker.send_signal, signal.SIGKILL)
        self.assertEqual("connected\n", attacker.stdout.readline())

    def check_served(self, address, path, headers, service):
        """Sends requests, each on a new connection, and checks their latency and the memory of the server."""
        host, _, port = address.rpartition(":")

        def request():
            start = time.monotonic()
            connection = http.client.HTTPConnection(host, int(port), timeout=60)
            connection.request("GET", path, headers=headers)
            self.assertEqual(200, connection.getresponse().status)
            connection.close()
            return time.monotonic() - start

        before = resident_bytes(service.process.pid)
        self.attack(address)
        times, memory = [], before
        for _ in range(REQUESTS):
            times.append(request())
            memory = max(memory, resident_bytes(service.process.pid))
        latency = sorted(times)[int(REQUESTS * 0.99)]
        print(f"{path}: p99 {latency * 1000:.0f} ms, memory +{(memory - before) / 1e6:.0f} MB", file=sys.stderr)
        self.assertLess(memory - before, MEMORY_LIMIT)
        self.assertLess(latency, LATENCY_LIMIT)

    def test_gateway_serves_requests_in_bounded_memory(self):
        gateway = Gateway(self)
        self.check_served(gateway.address, SUBJECTS, {"x-api-key": gateway.keys["read"]},
                          gateway.services["gateway"])

    def test_health_server_responds_in_bounded_memory(self):
        gateway = Gateway(self)
        self.check_served(gateway.services["gateway"].health, "/healthz", {}, gateway.services["gateway"])


if __name__ == "__main__":
    unittest.main()
