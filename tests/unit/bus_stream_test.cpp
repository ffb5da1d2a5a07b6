// Transport between stages over real sockets: dropping for live sources, blocking for files.
#include <thread>

#include <boost/test/unit_test.hpp>

#include "bus/stream.hpp"
#include "support/example_messages.hpp"

using namespace facebus;

namespace {

/// A hop between two stages.
struct Line {
    bus::Context context{{.allow_unencrypted = bus::Security::Unencrypted::loopback}};
    Stop stop;
    Heartbeat heartbeat;
    bus::Poller poller{stop, heartbeat};
    bus::Socket input{context, bus::SocketType::pull, bus::stream_options};
    bus::Socket output{context, bus::SocketType::push, bus::stream_options};
    int errors = 0;
    bus::StreamReader<wire::Frame> reader{input, poller, [this](const Error&) { ++errors; }};
    bus::StreamWriter writer{output, poller};

    Line() { output.connect(input.bind("tcp://127.0.0.1:*", "test"), "test"); }

    static wire::Frame frame(std::int64_t pts, bool live, const std::string& camera = "door") {
        auto message = examples::frame();
        message.head.src = camera;
        message.stream = {.pts = pts, .live = live};
        return message;
    }

    static Bytes pixels() { return Bytes::take(std::vector<std::byte>(24)); }

    bool send(wire::Frame message) {
        return writer.send(message, message.stream.end ? Bytes() : pixels());
    }

    /// Sends the message, repeatedly if necessary, until it is not dropped.
    void deliver(wire::Frame message) {
        // Live messages are dropped until the connection is established.
        for (auto before = writer.dropped();; before = writer.dropped()) {
            BOOST_REQUIRE(send(message));
            if (writer.dropped() == before) break;
            BOOST_REQUIRE(poller.wait_writable(output, 5000));
        }
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(all_frames_of_a_file_arrive_in_order_at_a_slow_reader) {
    Line line;
    constexpr int frames = 500;
    std::jthread reader([&] {
        for (int i = 0; i < frames; ++i) {
            const auto item = line.reader.next();
            if (!item || item->message.stream.pts != i) {
                line.stop.request();
                return;
            }
        }
    });
    // More than the queues hold, so the writer must block.
    for (int i = 0; i < frames; ++i) BOOST_REQUIRE(line.send(Line::frame(i, false)));
    reader.join();
    BOOST_TEST(!line.stop.requested());
    BOOST_TEST(line.reader.dropped() == 0U);
    BOOST_TEST(line.writer.dropped() == 0U);
}

BOOST_AUTO_TEST_CASE(keeps_only_the_newest_frame_of_a_live_camera) {
    Line line;
    line.deliver(Line::frame(1, true));
    line.deliver(Line::frame(2, true));
    auto end = Line::frame(3, true);
    end.stream.end = true;
    BOOST_REQUIRE(line.send(end));
    std::vector<std::int64_t> seen;
    while (seen.empty() || seen.back() != 3) {
        const auto item = line.reader.next();
        BOOST_REQUIRE(item);
        seen.push_back(item->message.stream.pts);
    }
    // How many frames are read before the next one arrives depends on timing. They must be in
    // order, and the missing ones must be counted.
    BOOST_TEST(std::ranges::is_sorted(seen));
    BOOST_TEST(seen.size() + line.reader.dropped() == 3U);
}

BOOST_AUTO_TEST_CASE(drops_and_counts_live_frames_if_the_queue_is_full) {
    Line line;
    std::uint64_t sent = 0;
    while (line.writer.dropped() < 10) {
        BOOST_REQUIRE(line.send(Line::frame(static_cast<std::int64_t>(sent++), true)));
    }
    BOOST_TEST(line.writer.dropped() == 10U);
}

BOOST_AUTO_TEST_CASE(never_drops_the_end_of_a_live_stream) {
    Line line;
    while (line.writer.dropped() < 10) BOOST_REQUIRE(line.send(Line::frame(1, true)));
    auto end = Line::frame(2, true);
    end.stream.end = true;
    std::jthread sender([&] { line.send(end); });
    while (true) {
        const auto item = line.reader.next();
        BOOST_REQUIRE(item);
        if (item->message.stream.end) break;
    }
}

BOOST_AUTO_TEST_CASE(counts_malformed_messages_and_continues) {
    Line line;
    BOOST_REQUIRE(line.poller.wait_writable(line.output, 5000));
    BOOST_REQUIRE(line.output.try_send({"frame.door", "not a header", Bytes()}));
    BOOST_REQUIRE(line.send(Line::frame(7, false)));
    const auto item = line.reader.next();
    BOOST_REQUIRE(item);
    BOOST_TEST(item->message.stream.pts == 7);
    BOOST_TEST(line.errors == 1);
}

BOOST_AUTO_TEST_CASE(stop_request_ends_waiting) {
    Line line;
    std::jthread stopper([&] { line.stop.request(); });
    BOOST_TEST(!line.reader.next());
}

BOOST_AUTO_TEST_CASE(error_for_an_endpoint_in_use_names_the_setting) {
    Line line;
    bus::Socket other(line.context, bus::SocketType::pull);
    const auto taken = other.bind("tcp://127.0.0.1:*", "test");
    bus::Socket third(line.context, bus::SocketType::pull);
    BOOST_CHECK_EXCEPTION(third.bind(taken, "motion.input"), FatalError, [](const auto& error) {
        const std::string text = error.what();
        return error.code() == Exit::unavailable &&
               text.find("motion.input") != std::string::npos &&
               text.find("in use") != std::string::npos;
    });
}
