// Tests a worker with the real FaceNet model and a real Redis server. The test plays the part of
// the broker.
#include <stdexcept>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "gallery/store/store.hpp"
#include "recognize/worker.hpp"
#include "support/example_messages.hpp"
#include "support/faces.hpp"
#include "support/redis_server.hpp"
#include "support/runtime.hpp"
#include "vision/embed/embedder.hpp"
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

    /// Blocks until a message from the worker arrives, and returns the message.
    bus::Received next_message() {
        while (poller.wait_readable(broker, -1)) {
            if (auto received = broker.try_receive(); received && *received) return **received;
        }
        throw std::runtime_error("stopped");
    }

    /// Returns the next identity. Skips the credits that arrive before it.
    bus::Received next_identity() {
        while (true) {
            auto received = next_message();
            if (wire::kind(received.message.topic) == wire::Identity::kind) return received;
        }
    }

    /// Blocks until a credit reports that the worker uses this version of the gallery.
    void await_gallery(const std::string& version) {
        while (true) {
            const auto received = next_message();
            const auto credit = wire::decode<wire::Credit>(received.message.header, 0);
            if (credit && credit->gallery == version) return;
        }
    }

    /// Sends a probe to the worker. `peer`: routing id of the worker's socket.
    void send_probe(const std::string& peer, const wire::Probe& probe) {
        BOOST_REQUIRE(broker.try_send({wire::topic(probe), wire::encode(probe), crop}, peer));
    }

    const Bytes crop = Bytes::take(std::vector<std::byte>(crop_bytes, std::byte{127}));
    test::RedisServer server;
    bus::Socket broker{context, bus::SocketType::router};
    bus::Poller poller{stop, heartbeat};
    std::jthread thread;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(recognize_worker, Fixture)

BOOST_AUTO_TEST_CASE(requests_a_batch_of_probes_and_returns_an_identity_with_the_crop) {
    const auto first = next_message();
    const auto credit = wire::decode<wire::Credit>(first.message.header, 0);
    BOOST_REQUIRE(credit.has_value());
    BOOST_TEST(credit->credit == 2U);
    BOOST_TEST(credit->samples == 0U);

    const auto probe = examples::probe();
    send_probe(first.peer, probe);
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
    send_probe(first.peer, probe);
    next_identity();
    BOOST_TEST(exports("facebus_errors_total{kind=\"malformed\"} 1"));
}

BOOST_AUTO_TEST_CASE(returns_the_crop_of_an_enrolled_person_unless_the_person_is_ignored) {
    const auto first = next_message();
    const auto credit = wire::decode<wire::Credit>(first.message.header, 0);
    BOOST_REQUIRE(credit.has_value());
    // Enrol the crop that the test sends, so that its similarity to the enrolled person is 1.
    const Image image{crop_side, crop_side, crop};
    const auto embedding = vision::Embedder(test::models()).embed({&image, 1}).front();
    gallery::Store store(gallery::RedisOptions{.url = server.url()});
    BOOST_REQUIRE(store.set_calibration({}).has_value());
    BOOST_REQUIRE(store.add("Ada", test::sample(embedding, "ada.jpg", credit->model)).has_value());
    await_gallery(store.version().value());

    auto probe = examples::probe();
    send_probe(first.peer, probe);
    BOOST_TEST(next_identity().message.payload.size() == crop_bytes);

    BOOST_REQUIRE(store.set_ignored("Ada", true).has_value());
    await_gallery(store.version().value());
    probe.probe = probe.track + "/0002";
    send_probe(first.peer, probe);
    const auto received = next_identity();
    const auto identity =
        wire::decode<wire::Identity>(received.message.header, received.message.payload.size());
    BOOST_REQUIRE(identity.has_value());
    BOOST_TEST(identity->ignored.value_or(false));
    BOOST_TEST(received.message.payload.empty());
}

BOOST_AUTO_TEST_SUITE_END()
