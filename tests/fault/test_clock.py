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
        clock = self.folder / "clock"  # offset of the clock that the services see
        clock.write_text("+0")
        shifted = {**support.faketime(), "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1"}

        class SystemWithFakeClock(FaultSystem):
            def _launch(self, name, command, **environment):
                # Redis's allocator is incompatible with libfaketime.
                super()._launch(name, command, **environment, **({} if name == "redis" else shifted))

        system = SystemWithFakeClock(self)
        system.start_server()
        system.feed(16)
        recovered = 0.0
        for offset, days in (("+1d", 1), ("-1d", -2)):
            system.wait_for(lambda: system.acknowledged() == system.fed)
            system.messages.clear()
            before = system.acknowledged()
            time_before = self.broker_time(system)
            clock.write_text(offset)
            system.feed(16)
            recovered = max(recovered, self.wait_for_recovery(system, before))
            self.assertAlmostEqual(days, (self.broker_time(system) - time_before) / DAY, delta=0.5)
        system.feed(4)
        self.check_all_completed(system, "clock jumps by +1 day, then by -2 days", recovered)


if __name__ == "__main__":
    unittest.main()
