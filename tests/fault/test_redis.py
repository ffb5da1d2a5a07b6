"""Redis is killed, hangs, is full or changes its password: recognition continues with its gallery copy."""

import unittest

from fault_system import FaultTest


class RedisTest(FaultTest):
    def test_recognition_continues_without_redis_and_reports_a_stale_gallery(self):
        system = self.running()
        system.kill("redis")
        before = system.acknowledged()
        system.feed(16)
        recovered = self.recovery(system, before)
        system.until(lambda m: m.kind == "status" and m["gallery_stale"])
        system.wait_for(lambda: system.acknowledged() == system.fed)
        system.start_redis()
        system.until(lambda m: m.kind == "status" and not m["gallery_stale"])
        system.feed(4)
        self.settle(system, "Redis killed and started", recovered, stored=False)

    def test_a_hanging_redis_does_not_stop_the_workers(self):
        # Longer than redis.timeout_ms, as in the defaults.
        system = self.running(FACEBUS_BROKER_WORKER_TIMEOUT="5")
        system.messages.clear()
        system.hang("redis")
        before = system.acknowledged()
        system.feed(16)
        recovered = self.recovery(system, before)
        system.wait_for(lambda: system.acknowledged() == system.fed)
        system.resume("redis")
        system.until(lambda m: m.kind == "status" and not m["gallery_stale"])
        self.assertEqual({2}, {m["workers"] for m in system.messages if m.kind == "status"})
        system.feed(4)
        self.settle(system, "Redis hangs and continues", recovered, stored=False)

    def test_a_slow_redis_only_slows_recognition_down(self):
        system = self.running()
        before = system.acknowledged()
        system.feed(16)
        recovered = self.recovery(system, before)
        while system.acknowledged() < system.fed:
            system.redis("CLIENT", "PAUSE", "400", "ALL")  # in ms; then Redis runs the waiting commands
            system.poll()
        system.feed(4)
        self.settle(system, "Redis responds 0.4 s late", recovered)

    def test_recognition_continues_and_counts_errors_if_redis_is_full(self):
        system = self.running()
        system.redis("CONFIG", "SET", "maxmemory", "1")
        before = system.acknowledged()
        system.feed(16)
        recovered = self.recovery(system, before)
        system.wait_for(lambda: system.acknowledged() == system.fed)
        errors = "".join(line for name in system.worker_names()
                         for line in system.services[name].lines() if "OOM" in line)
        self.assertIn("kind=refused", errors)
        system.redis("CONFIG", "SET", "maxmemory", "0")
        stored = system.stored_probes()
        system.feed(16)
        self.settle(system, "Redis out of memory for a while", recovered, stored=False)
        self.assertGreater(system.stored_probes(), stored)

    def test_recognition_continues_and_reports_a_changed_password(self):
        system = self.running()
        system.redis("CONFIG", "SET", "requirepass", "another")
        system.redis("-a", "another", "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        before = system.acknowledged()
        system.feed(16)
        recovered = self.recovery(system, before)
        system.until(lambda m: m.kind == "status" and m["gallery_stale"])
        errors = "".join(line for name in system.worker_names()
                         for line in system.services[name].lines() if "event=error" in line)
        self.assertIn("redis.password_file", errors)
        system.redis("-a", "another", "CONFIG", "SET", "requirepass", "")
        system.until(lambda m: m.kind == "status" and not m["gallery_stale"])
        system.feed(4)
        self.settle(system, "Redis with another password for a while", recovered, stored=False)


if __name__ == "__main__":
    unittest.main()
