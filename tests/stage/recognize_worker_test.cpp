// Tests a worker with the real network and a real Redis server. The test plays the broker.
#include <thread>

#include <boost/test/unit_test.hpp>

#include "recognize/worker.hpp"
#include "support/example_messages.hpp"
#include "support/redis_server.hpp"
#include "support/runtime.hpp"
#include "wire/codec.hpp"

using namespace facebus;
using namespace facebus::recognize;

using test::SkipWithoutModels;
using test::SkipWithoutRedis;
BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutModels);
BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

struct Fixture : test::TestRuntime {
    Fixture() : TestRuntime("recognize") {
        broker.bind(endpoint("workers"), "broker.workers");
        thread = std::jthread([this] {
            Worker(runtime, {.batch = 2, .publish_crops = true}, endpoint("workers"),
                   {.url = server.url()}, {})
                .run();
        });
    }
    ~Fixture() { stop.request(); }

    /// Blocks until a message of the worker arrives and returns it.
    bus::Received next_message() {
        while (poller.wait_readable(broker, -1)) {
            if (auto received = broker.try_receive(); received && *received) return **received;
        }
        throw std::runtime_error("stopped");
    }

    /// Returns the next identity. Skips credits before it.
    bus::Received next_identity() {
        while (true) {
            auto received = next_message();
            if (wire::kind(received.message.topic) == wire::Identity::kind) return received;
        }
    }

    test::RedisServer server;
    bus::Socket broker{context, bus::SocketType::router};
    bus::Poller poller{stop, heartbeat};
    std::jthread thread;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(recognize_worker, Fixture)

BOOST_AUTO_TEST_CASE(requests_a_batch_and_returns_an_identity_with_its_crop) {
    const auto first = next_message();
    const auto credit = wire::decode<wire::Credit>(first.message.header, 0);
    BOOST_REQUIRE(credit.has_value());
    BOOST_TEST(credit->credit == 2U);
    BOOST_TEST(credit->samples == 0U);

    const auto probe = examples::probe();
    const auto crop = Bytes::take(std::vector<std::byte>(crop_bytes, std::byte{127}));
    BOOST_REQUIRE(broker.try_send({wire::topic(probe), wire::encode(probe), crop}, first.peer));
    const auto received = next_identity();
    const auto identity =
        wire::decode<wire::Identity>(received.message.header, received.message.payload.size());
    BOOST_REQUIRE(identity.has_value());
    BOOST_TEST(identity->probe == probe.probe);
    BOOST_TEST(identity->head.t["recognize"].has_value());
    BOOST_TEST(received.message.payload.size() == crop_bytes);
}

BOOST_AUTO_TEST_CASE(counts_a_probe_that_cannot_be_decoded_and_continues) {
    const auto first = next_message();
    const auto probe = examples::probe();
    BOOST_REQUIRE(broker.try_send({wire::topic(probe), "garbage", Bytes()}, first.peer));
    const auto crop = Bytes::take(std::vector<std::byte>(crop_bytes, std::byte{127}));
    BOOST_REQUIRE(broker.try_send({wire::topic(probe), wire::encode(probe), crop}, first.peer));
    next_identity();
    BOOST_TEST(exports("facebus_errors_total{kind=\"malformed\"} 1"));
}

BOOST_AUTO_TEST_SUITE_END()
