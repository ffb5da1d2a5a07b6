"""The machine's clock jumps, as on a small computer without a battery when it reaches its time server."""

import pathlib
import unittest

from fault_system import FaultSystem, FaultTest, support


def faketime():
    """Returns the library that changes the time seen by a program, where Debian's packages install it."""
    found = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    support.need(found, "faketime is not installed")
    return found[0]


class ClockTest(FaultTest):
    def test_no_probe_is_lost_when_the_clock_jumps_by_a_day_and_back_by_two(self):
        clock = self.folder / "clock"
        clock.write_text("+0")
        faked = {"LD_PRELOAD": faketime(), "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1",
                 "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

        class Jumping(FaultSystem):
            def _launch(self, name, command, **environment):
                # Redis's allocator is incompatible with the library.
                super()._launch(name, command, **environment, **({} if name == "redis" else faked))

        system = Jumping(self)
        system.start_server()
        system.feed(16)
        recovered = 0.0
        last = 0
        for jump, sign in (("+1d", 1), ("-1d", -1)):
            system.wait_for(lambda: system.acknowledged() == system.fed)
            system.messages.clear()
            before = system.acknowledged()
            clock.write_text(jump)
            system.feed(16)
            recovered = max(recovered, self.recovery(system, before))
            status = system.until(lambda m: m.kind == "status" and m["workers"] == system.workers)
            self.assertGreater(sign * (status["ts"] - last), 0, "the clock did not jump")
            last = status["ts"]
        system.feed(4)
        self.settle(system, "clock jumps by +1 day, then by -2 days", recovered)


if __name__ == "__main__":
    unittest.main()
