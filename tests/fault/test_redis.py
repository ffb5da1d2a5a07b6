"""Redis is killed, hangs, responds late, is out of memory or gets another password. Workers continue with their gallery
snapshot."""

import unittest

from fault_system import FaultTest
from system import metric


class RedisTest(FaultTest):
    def wait_for_results(self, system):
        """Waits until the broker has completed all probes. While Redis does not store their results, it does not
        acknowledge all of them."""
        broker = system.services["broker"].health
        system.wait_for(lambda: metric(broker, "facebus_probes_completed_total") == system.fed)

    def test_workers_continue_without_redis_and_report_a_stale_gallery(self):
        system = self.start_system()
        system.kill("redis")
        before = system.acknowledged()
        system.feed(16)
        recovered = self.wait_for_recovery(system, before)
        system.until(lambda m: m.kind == "status" and m["gallery_stale"])
        self.wait_for_results(system)
        system.start_redis()
        system.until(lambda m: m.kind == "status" and not m["gallery_stale"])
        system.feed(4)
        self.check_all_completed(system, "Redis killed and restarted", recovered, stored=False)

    def test_a_hanging_redis_does_not_stop_the_workers(self):
        # As by default, the worker timeout is longer than redis.timeout_ms. Otherwise the broker would count
        # workers that wait for Redis as lost.
        system = self.start_system(FACEBUS_BROKER_WORKER_TIMEOUT="5")
        system.messages.clear()
        system.suspend("redis")
        before = system.acknowledged()
        system.feed(16)
        recovered = self.wait_for_recovery(system, before)
        self.wait_for_results(system)
        system.resume("redis")
        system.until(lambda m: m.kind == "status" and not m["gallery_stale"])
        self.assertEqual({2}, {m["workers"] for m in system.messages if m.kind == "status"})
        system.feed(4)
        self.check_all_completed(system, "Redis suspended and resumed", recovered, stored=False)

    def test_no_probe_is_lost_if_redis_is_slow(self):
        system = self.start_system()
        system.redis("CLIENT", "PAUSE", "400", "ALL")  # Redis runs no command for 400 ms
        before = system.acknowledged()
        system.feed(16)
        recovered = self.wait_for_recovery(system, before)
        while system.acknowledged() < system.fed:
            system.redis("CLIENT", "PAUSE", "400", "ALL")
            system.poll()
        system.feed(4)
        self.check_all_completed(system, "Redis responds 0.4 s late", recovered)

    def test_workers_continue_and_log_errors_if_redis_is_out_of_memory(self):
        system = self.start_system()
        system.redis("CONFIG", "SET", "maxmemory", "1")
        before = system.acknowledged()
        system.feed(16)
        recovered = self.wait_for_recovery(system, before)
        self.wait_for_results(system)
        errors = "".join(line for name in system.worker_names()
                         for line in system.services[name].lines() if "OOM" in line)
        self.assertIn("kind=refused", errors)
        system.redis("CONFIG", "SET", "maxmemory", "0")
        stored = system.stored_probes()
        system.feed(16)
        self.check_all_completed(system, "Redis temporarily out of memory", recovered, stored=False)
        self.assertGreater(system.stored_probes(), stored)

    def test_workers_continue_and_log_errors_if_the_password_changes(self):
        system = self.start_system()
        system.redis("CONFIG", "SET", "requirepass", "another")
        system.redis("-a", "another", "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        before = system.acknowledged()
        system.feed(16)
        recovered = self.wait_for_recovery(system, before)
        system.until(lambda m: m.kind == "status" and m["gallery_stale"])
        errors = "".join(line for name in system.worker_names()
                         for line in system.services[name].lines() if "event=error" in line)
        self.assertIn("redis.password_file", errors)
        system.redis("-a", "another", "CONFIG", "SET", "requirepass", "")
        system.until(lambda m: m.kind == "status" and not m["gallery_stale"])
        system.feed(4)
        self.check_all_completed(system, "Redis password temporarily changed", recovered, stored=False)


if __name__ == "__main__":
    unittest.main()
