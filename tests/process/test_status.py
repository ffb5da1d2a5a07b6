"""Tests `facebus status` with a real broker."""

import json
import unittest

from support import ProcessTest, need_system
from system import System


class StatusTest(ProcessTest):
    @classmethod
    def setUpClass(cls):
        need_system()

    def system(self):
        """Returns a system with a broker and a worker."""
        system = System(self)
        system.start_redis()
        system.start("broker", "recognize")
        system.until(lambda m: m.kind == "status" and m["workers"] == 1)
        return system

    def test_prints_a_table(self):
        shown = self.system().facebus("status")
        self.assertEqual(0, shown.code, shown)
        rows = dict(line.split(maxsplit=1) for line in shown.out.replace(" flight", "_flight").replace(
            " probe ", "_probe ").splitlines())
        self.assertEqual({"state": "ok", "workers": "1, 0 stalled", "edges": "0", "queued": "0 probes",
                          "in_flight": "0 probes", "oldest_probe": "0.0 s", "redelivered": "0 probes",
                          "dead-lettered": "0 probes", "rejected": "0 probes (queue full)", "results": "0",
                          "gallery": "current"}, rows)

    def test_prints_json(self):
        shown = self.system().facebus("status", "--json")
        self.assertEqual(0, shown.code, shown)
        self.assertEqual(1, len(shown.out.splitlines()))
        status = json.loads(shown.out)
        self.assertEqual(("ok", 1, 0, 0), (status["state"], status["workers"], status["edges"],
                                           status["dead_lettered"]))
        self.assertEqual({"unresponsive", "disconnected", "timeout", "invalid", "undeliverable"},
                         set(status["redelivered"]))

    def test_explains_what_to_check_if_no_broker_responds(self):
        system = System(self)
        shown = system.facebus("status", "--timeout", "0.5")
        self.assertEqual(69, shown.code, shown)
        self.assertEqual("", shown.out)
        self.assertEqual(1, len(shown.err_lines), shown)
        for word in (system.results, "broker.results", "bus.allowed"):
            self.assertIn(word, shown.err)


if __name__ == "__main__":
    unittest.main()
