"""Tests that no probe is lost if the network between edge and broker is cut for a minute. The broker runs in its own
network namespace, and the test turns off the virtual link to this namespace. Requires: root and iproute2."""

import os
import subprocess
import time
import unittest

from fault_system import FACES, FaultSystem, FaultTest, support

CUT_SECONDS = 60


class NetworkTest(FaultTest):
    limit = 300

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        support.need_tool("ip")
        support.need(os.geteuid() == 0, "creating networks requires root")

    def ip(self, *arguments):
        finished = subprocess.run(["ip", *arguments], capture_output=True, text=True)
        support.need(finished.returncode == 0, f"ip {' '.join(arguments)}: {finished.stderr.strip()}")

    def create_network(self):
        """Creates a network namespace with the address 10.213.x.2, and a link to it, on which this machine has the
        address 10.213.x.1. Returns the name and the address of the namespace. The link has the same name."""
        tag = f"fb{os.getpid() % 100000}"
        subnet = f"10.213.{os.getpid() % 250}"
        self.ip("netns", "add", tag)
        self.addCleanup(subprocess.run, ["ip", "netns", "del", tag], capture_output=True)
        self.ip("link", "add", tag, "type", "veth", "peer", "name", "eth0", "netns", tag)
        self.addCleanup(subprocess.run, ["ip", "link", "del", tag], capture_output=True)
        self.ip("addr", "add", f"{subnet}.1/24", "dev", tag)
        self.ip("link", "set", tag, "up")
        for command in (("addr", "add", f"{subnet}.2/24", "dev", "eth0"), ("link", "set", "eth0", "up"),
                        ("link", "set", "lo", "up")):
            self.ip("-n", tag, *command)
        return tag, f"{subnet}.2"

    def test_no_probe_is_lost_when_the_network_is_cut_for_a_minute(self):
        network, address = self.create_network()

        class SystemWithRemoteBroker(FaultSystem):
            def _launch(self, name, command, **environment):
                prefix = ["ip", "netns", "exec", network] if name == "broker" else []
                super()._launch(name, [*prefix, *command], **environment)

        system = SystemWithRemoteBroker(self, FACEBUS_BROKER_PROBES=f"tcp://{address}:5701",
                                        FACEBUS_BUS_ALLOW_UNENCRYPTED="anywhere")
        system.start_server()
        system.feed(16)
        system.wait_for_acknowledgements(FACES)
        self.ip("link", "set", network, "down")
        system.feed(16)
        end = time.monotonic() + CUT_SECONDS
        system.wait_for(lambda: time.monotonic() > end)
        before = system.acknowledged()
        self.assertLess(before, system.fed, "the network was not cut")
        self.ip("link", "set", network, "up")
        recovered = self.wait_for_recovery(system, before)
        system.feed(4)
        self.check_all_completed(system, f"network cut for {CUT_SECONDS} s", recovered)


if __name__ == "__main__":
    unittest.main()
