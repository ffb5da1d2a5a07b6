// Tests of Uplink, with real sockets.
#include <array>
#include <optional>
#include <stdexcept>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "support/example_messages.hpp"
#include "support/runtime.hpp"
#include "track/uplink.hpp"
#include "wire/codec.hpp"

using namespace facebus;
using namespace facebus::track;

namespace {

struct Fixture : test::TestRuntime {
    Fixture() : TestRuntime("track") {
        broker.emplace(context, bus::SocketType::router);
        broker->bind(endpoint("broker"), "broker.probes");
        edge.connect(endpoint("broker"), "broker.probes");
        uplink.emplace(runtime, edge, Options{.outbox = 8, .resend = 0.05});
    }

    static TrackOutput probe(const std::string& id) {
        TrackOutput output;
        auto message = examples::probe();
        message.probe = id;
        output.probes.push_back(
            {message, Bytes::take(std::vector<std::byte>(crop_bytes, std::byte{7}))});
        return output;
    }

    /// Blocks until the broker receives a message, and returns it.
    bus::Received receive_at_broker() {
        while (poller.wait_readable(*broker, -1)) {
            if (auto received = broker->try_receive(); received && *received) return **received;
        }
        throw std::runtime_error("stopped");
    }

    void acknowledge(const bus::Received& received, const std::string& ref,
                     std::optional<bool> stored = {}) {
        const wire::Ack ack{.head = examples::head(), .ref = ref, .stored = stored};
        BOOST_REQUIRE(broker->try_send({std::string(wire::Ack::kind), wire::encode(ack), Bytes()},
                                       received.peer));
        BOOST_REQUIRE(poller.wait_readable(edge, -1));
    }

    std::optional<bus::Socket> broker;
    bus::Socket edge{context, bus::SocketType::dealer, {.keep_peer_name = true}};
    bus::Poller poller{stop, heartbeat};
    std::optional<Uplink> uplink;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(track_uplink, Fixture)

BOOST_AUTO_TEST_CASE(keeps_a_probe_until_it_is_acknowledged) {
    uplink->put(probe("door-1/0001"), true);
    BOOST_TEST(exports("facebus_outbox_entries 1"));
    uplink->pump();
    const auto received = receive_at_broker();
    BOOST_TEST(received.message.topic.starts_with("probe"));
    BOOST_TEST(received.message.payload.size() == crop_bytes);
    acknowledge(received, "door-1/0001");
    uplink->pump();
    BOOST_TEST(exports("facebus_outbox_entries 0"));
    BOOST_TEST(exports("facebus_probes_sent_total 1"));
    BOOST_TEST(exports("facebus_probes_acknowledged_total 1"));
    BOOST_TEST(!uplink->next_due().has_value());
}

BOOST_AUTO_TEST_CASE(retransmits_a_probe_that_is_not_acknowledged) {
    uplink->put(probe("door-1/0001"), true);
    uplink->pump();
    const auto first = receive_at_broker();
    BOOST_REQUIRE(uplink->next_due().has_value());
    // Wait as long as the main loop of the service would.
    const auto left = *uplink->next_due() - Monotonic::now();
    std::array<bus::Interest, 1> none{bus::Interest{.socket = &edge}};
    BOOST_REQUIRE(poller.wait(
        none, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count())));
    uplink->pump();
    BOOST_TEST(receive_at_broker().message.header == first.message.header);
    BOOST_TEST(exports("facebus_probes_sent_total 1"));
    BOOST_TEST(exports("facebus_probes_resent_total 1"));
}

BOOST_AUTO_TEST_CASE(keeps_a_published_probe_until_its_result_is_stored) {
    auto output = probe("door-1/0001");
    auto ended = examples::track();
    ended.event = wire::TrackEvent::ended;
    ended.track = output.probes.front().message.track;
    output.after.push_back(ended);
    uplink->put(std::move(output), true);
    uplink->pump();
    const auto received = receive_at_broker();
    acknowledge(received, "door-1/0001", false);
    uplink->pump();
    BOOST_TEST(exports("facebus_outbox_entries 2"));
    BOOST_TEST(exports("facebus_probes_acknowledged_total 0"));
    // The end of the track does not wait for Redis.
    BOOST_TEST(receive_at_broker().message.topic.starts_with("track"));
    acknowledge(received, "door-1/0001");
    uplink->pump();
    BOOST_TEST(exports("facebus_outbox_entries 1"));
    BOOST_TEST(exports("facebus_probes_acknowledged_total 1"));
}

BOOST_AUTO_TEST_CASE(retransmits_a_published_probe_when_the_broker_has_restarted) {
    uplink->put(probe("door-1/0001"), true);
    uplink->pump();
    const auto first = receive_at_broker();
    acknowledge(first, "door-1/0001", false);
    uplink->pump();
    broker.reset();
    broker.emplace(context, bus::SocketType::router);
    broker->bind(endpoint("broker"), "broker.probes");
    while (edge.connections() < 2) stop.wait_ms(10);
    uplink->pump();
    BOOST_TEST(receive_at_broker().message.header == first.message.header);
    BOOST_TEST(exports("facebus_probes_resent_total 1"));
}

BOOST_AUTO_TEST_CASE(drops_and_counts_the_oldest_probe_of_a_live_camera_when_the_outbox_is_full) {
    for (int i = 0; i < 9; ++i) uplink->put(probe("door-1/000" + std::to_string(i)), true);
    BOOST_TEST(!uplink->full());
    BOOST_TEST(exports("facebus_probes_dropped_total 1"));
    uplink->pump();
    const auto first = wire::decode<wire::Probe>(receive_at_broker().message.header, crop_bytes);
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST(first->probe == "door-1/0001");
}

BOOST_AUTO_TEST_CASE(never_drops_probes_of_a_file_to_make_room_for_a_live_camera) {
    for (int i = 0; i < 8; ++i) uplink->put(probe("clip-1/000" + std::to_string(i)), false);
    BOOST_TEST(uplink->full());
    for (int i = 0; i < 9; ++i) uplink->put(probe("door-1/000" + std::to_string(i)), true);
    uplink->pump();
    for (int i = 0; i < 8; ++i) {
        const auto sent = wire::decode<wire::Probe>(receive_at_broker().message.header, crop_bytes);
        BOOST_REQUIRE(sent.has_value());
        BOOST_TEST(sent->probe == "clip-1/000" + std::to_string(i));
    }
    BOOST_TEST(exports("facebus_probes_dropped_total 1"));
}

BOOST_AUTO_TEST_CASE(a_dropped_probe_that_is_acknowledged_late_counts_only_as_acknowledged) {
    uplink->put(probe("door-1/0000"), true);
    uplink->pump();
    const auto received = receive_at_broker();
    for (int i = 1; i < 9; ++i) uplink->put(probe("door-1/000" + std::to_string(i)), true);
    acknowledge(received, "door-1/0000");
    uplink->pump();
    BOOST_TEST(exports("facebus_probes_acknowledged_total 1"));
    BOOST_TEST(exports("facebus_probes_dropped_total 0"));
    BOOST_TEST(exports("facebus_probes_dropped_unacknowledged_total 0"));
}

BOOST_AUTO_TEST_CASE(a_dropped_probe_that_was_sent_counts_as_unacknowledged_after_a_while) {
    uplink->put(probe("door-1/0000"), true);
    uplink->pump();
    for (int i = 1; i < 9; ++i) uplink->put(probe("door-1/000" + std::to_string(i)), true);
    BOOST_TEST(exports("facebus_probes_dropped_unacknowledged_total 0"));
    std::array<bus::Interest, 1> none{bus::Interest{.socket = &edge, .read = false}};
    while (!exports("facebus_probes_dropped_unacknowledged_total 1")) {
        BOOST_REQUIRE(poller.wait(none, 10));
        uplink->pump();
    }
    BOOST_TEST(exports("facebus_probes_dropped_total 0"));
}

BOOST_AUTO_TEST_CASE(sends_messages_in_order_and_numbers_them_from_1) {
    auto output = probe("door-1/0001");
    auto started = examples::track();
    started.event = wire::TrackEvent::started;
    output.before.push_back(started);
    uplink->put(std::move(output), true);
    uplink->pump();
    const auto event = wire::decode<wire::Track>(receive_at_broker().message.header, 0);
    BOOST_REQUIRE(event.has_value());
    BOOST_TEST(event->head.seq == 1U);
    BOOST_TEST(receive_at_broker().message.topic.starts_with("probe"));
    BOOST_TEST(exports("facebus_tracks_total{camera=\"" + event->head.src + "\"} 1"));
}

BOOST_AUTO_TEST_CASE(sends_the_position_of_a_track_once_without_keeping_it) {
    // The first exchange makes sure that both sides are connected.
    uplink->put(probe("door-1/0001"), true);
    uplink->pump();
    acknowledge(receive_at_broker(), "door-1/0001");
    uplink->pump();
    TrackOutput output;
    output.before.push_back(examples::track());
    output.before.front().event = wire::TrackEvent::moved;
    uplink->put(std::move(output), true);
    BOOST_TEST(receive_at_broker().message.topic.starts_with("track"));
    BOOST_TEST(!uplink->next_due().has_value());
}

BOOST_AUTO_TEST_CASE(sends_the_end_of_a_stream_after_the_last_probe_of_its_camera) {
    auto output = probe("door-1/0001");
    output.after.push_back(examples::track());
    output.after.front().event = wire::TrackEvent::end;
    output.after.front().head.src = output.probes.front().message.head.src;
    output.after.front().track = "another";
    uplink->put(std::move(output), true);
    auto other = probe("yard-1/0001");
    other.probes.front().message.head.src = "yard";
    uplink->put(std::move(other), true);
    uplink->pump();
    const auto first = receive_at_broker();
    BOOST_TEST(first.message.topic.starts_with("probe"));
    BOOST_TEST(receive_at_broker().message.topic == "probe.yard");
    acknowledge(first, "door-1/0001");
    uplink->pump();
    BOOST_TEST(receive_at_broker().message.topic.starts_with("track"));
}

BOOST_AUTO_TEST_SUITE_END()
