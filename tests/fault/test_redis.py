"""Redis dies, hangs, is full or changes its password: recognition goes on with what it has."""

import unittest

from fault_system import FaultTest


class RedisTest(FaultTest):
    def test_recognition_goes_on_while_redis_is_away_and_says_so(self):
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
        self.settle(system, "Redis killed and started", recovered, remembered=False)

    def test_a_redis_that_hangs_holds_up_no_worker(self):
        # Longer than redis.timeout_ms, as by default.
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
        self.settle(system, "Redis hangs and goes on", recovered, remembered=False)

    def test_a_redis_that_answers_late_slows_recognition_down_and_nothing_more(self):
        system = self.running()
        before = system.acknowledged()
        system.feed(16)
        recovered = self.recovery(system, before)
        while system.acknowledged() < system.fed:
            system.redis("CLIENT", "PAUSE", "400", "ALL")  # for so many ms; then it does what waits
            system.look()
        system.feed(4)
        self.settle(system, "Redis answers 0.4 s late", recovered)

    def test_a_full_redis_is_counted_and_recognition_goes_on(self):
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
        known = system.remembered()
        system.feed(16)
        self.settle(system, "Redis out of memory for a while", recovered, remembered=False)
        self.assertGreater(system.remembered(), known)

    def test_another_password_is_told_and_recognition_goes_on(self):
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
        self.settle(system, "Redis with another password for a while", recovered, remembered=False)


if __name__ == "__main__":
    unittest.main()
