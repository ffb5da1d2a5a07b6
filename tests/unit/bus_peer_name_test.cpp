// Tests of the names by which a router identifies dealers.
#include <optional>
#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>

#include "base/temporary_folder.hpp"
#include "bus/socket.hpp"

using namespace facebus;

namespace {

struct Fixture {
    /// Sends messages from the dealer until the router receives one. Returns the name by which the
    /// router identifies the dealer. Repeats the message like an edge does, because a message is
    /// lost if it is sent before the dealer has noticed that the router is unavailable.
    std::string name_of(bus::Socket& dealer, const std::string& topic) {
        while (true) {
            dealer.try_send({topic, "", Bytes()});
            if (!poller.wait_readable(*router, 100)) throw std::runtime_error("stopped");
            while (const auto received = router->try_receive().value()) {
                if (received->message.topic == topic) return received->peer;
            }
        }
    }

    void start_router() {
        router.reset();
        router.emplace(context, bus::SocketType::router);
        router->bind(endpoint, "broker.probes");
    }

    bus::Socket connect(bool keep_peer_name) {
        bus::Socket dealer(context, bus::SocketType::dealer, {.keep_peer_name = keep_peer_name});
        dealer.connect(endpoint, "broker.probes");
        return dealer;
    }

    TemporaryFolder folder;
    std::string endpoint = "ipc://" + (folder / "router").string();
    Stop stop;
    Heartbeat heartbeat;
    bus::Poller poller{stop, heartbeat};
    bus::Context context{{}};
    std::optional<bus::Socket> router;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(bus_peer_name, Fixture)

BOOST_AUTO_TEST_CASE(a_dealer_can_keep_its_name_when_it_reconnects) {
    start_router();
    auto kept = connect(true);
    auto changed = connect(false);
    const auto kept_before = name_of(kept, "kept");
    const auto changed_before = name_of(changed, "changed");
    start_router();
    BOOST_TEST(name_of(kept, "kept") == kept_before);
    BOOST_TEST(name_of(changed, "changed") != changed_before);
}

BOOST_AUTO_TEST_CASE(names_of_two_dealers_differ) {
    start_router();
    auto first = connect(true);
    auto second = connect(true);
    BOOST_TEST(name_of(first, "first") != name_of(second, "second"));
    BOOST_TEST(name_of(first, "first").size() == 32U);  // 128 random bits in hex
}

BOOST_AUTO_TEST_SUITE_END()
