// Tests of Watchdog, which sends pings to systemd.
#include <cstdlib>
#include <semaphore>
#include <string>

#include <boost/test/unit_test.hpp>
#include <unistd.h>

#include "service/watchdog.hpp"

using namespace facebus;
using namespace std::chrono_literals;
using service::Watchdog;

namespace {

/// Variables that systemd sets for a service with WatchdogSec.
struct Variables {
    Variables(const char* timeout, const std::string& process) {
        setenv("WATCHDOG_USEC", timeout, 1);
        if (!process.empty()) setenv("WATCHDOG_PID", process.c_str(), 1);
    }
    ~Variables() {
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(pings_again_and_again_while_the_heartbeat_is_alive) {
    const Heartbeat heartbeat;
    std::counting_semaphore pings(0);
    const Watchdog watchdog(heartbeat, 2ms, [&] { pings.release(); });
    for (int i = 0; i < 3; ++i) pings.acquire();
}

BOOST_AUTO_TEST_CASE(does_not_ping_while_the_main_loop_hangs_and_resumes_soon_after) {
    Heartbeat heartbeat(Monotonic::now() - 11s);
    int pings = 0;
    const Watchdog watchdog(heartbeat, 24h, [&] { ++pings; });
    BOOST_TEST((watchdog.check() == 1s));
    BOOST_TEST(pings == 0);
    heartbeat.beat();
    BOOST_TEST((watchdog.check() == 12h));
    BOOST_TEST(pings == 1);
}

BOOST_AUTO_TEST_CASE(reads_the_timeout_of_its_own_watchdog_only) {
    BOOST_TEST(!service::watchdog_timeout());
    const auto timeout = [](const char* text, const std::string& process) {
        const Variables variables(text, process);
        return service::watchdog_timeout();
    };
    BOOST_TEST((timeout("30000000", std::to_string(getpid())) == 30s));
    BOOST_TEST((timeout("30000000", "") == 30s));
    BOOST_TEST(!timeout("30000000", std::to_string(getppid())));
    for (const char* invalid : {"", "0", "-1", "30s"}) BOOST_TEST(!timeout(invalid, ""));
}
