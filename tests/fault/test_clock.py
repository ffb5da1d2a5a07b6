"""The clock of the machine jumps. This happens to a small computer without a battery-backed clock when it first reaches
a time server."""

import unittest

from fault_system import FaultSystem, FaultTest, support

DAY = 86_400 * 10**9  # ns


class ClockTest(FaultTest):
    def broker_time(self, system):
        """Waits for the next status message that reports all workers. Returns its time by the broker's clock, in ns."""
        system.read_arrived()
        return system.until(lambda m: m.kind == "status" and m["workers"] == system.workers)["ts"]

    def test_no_probe_is_lost_when_the_clock_jumps_by_a_day_and_back_by_two(self):
        clock = support.ShiftedClock(self)

        class ShiftedSystem(FaultSystem):
            def _launch(self, name, command, **environment):
                # Redis runs on another machine.
                super()._launch(name, command, **environment, **({} if name == "redis" else clock.environment))

        system = ShiftedSystem(self)
        system.start_server()
        system.feed(16)
        recovered = 0.0
        for day, days in ((1, 1), (-1, -2)):
            system.wait_for(lambda: system.acknowledged() == system.fed)
            system.messages.clear()
            before = system.acknowledged()
            time_before = self.broker_time(system)
            clock.shift(day * DAY // 10**9)
            system.feed(16)
            recovered = max(recovered, self.wait_for_recovery(system, before))
            self.assertAlmostEqual(days, (self.broker_time(system) - time_before) / DAY, delta=0.5)
        system.feed(4)
        self.check_all_completed(system, "clock jumps by +1 day, then by -2 days", recovered)


if __name__ == "__main__":
    unittest.main()
