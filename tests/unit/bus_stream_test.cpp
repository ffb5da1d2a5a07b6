// Tests the transport between stages over real sockets.
#include <optional>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "bus/stream.hpp"
#include "support/example_messages.hpp"

using namespace facebus;

namespace {

/// Connection between two stages.
struct Connection {
    bus::Context context{{.allow_unencrypted = bus::Security::Unencrypted::loopback}};
    Stop stop;
    Heartbeat heartbeat;
    bus::Poller poller{stop, heartbeat};
    bus::Link input{{context, bus::SocketType::pull, bus::stream_options},
                    {context, bus::SocketType::pull, bus::stream_options}};
    bus::Link output{{context, bus::SocketType::push, bus::stream_options},
                     {context, bus::SocketType::push, bus::stream_options}};
    int errors = 0;
    bus::StreamReader<wire::Frame> reader{input, [this](const Error&) { ++errors; }};
    bus::StreamWriter writer{output, poller};

    explicit Connection(const std::string& live = "tcp://127.0.0.1:*",
                        const std::string& lossless = "tcp://127.0.0.1:*") {
        output.live.connect(input.live.bind(live, "test"), "test");
        output.lossless.connect(input.lossless.bind(lossless, "test"), "test");
    }

    /// Returns the next message. If there is none, blocks until one arrives or the stop is
    /// requested; in the latter case, returns nothing.
    std::optional<bus::Item<wire::Frame>> next(bool lossless = true) {
        while (true) {
            if (auto item = reader.poll(lossless)) return item;
            auto interests = reader.interests();
            if (!poller.wait(interests, -1)) return std::nullopt;
        }
    }

    static wire::Frame frame(std::int64_t pts, bool live, const std::string& camera = "door") {
        auto message = examples::frame();
        message.head.src = camera;
        message.stream = {.pts = pts, .live = live};
        return message;
    }

    static Bytes pixels() { return Bytes::take(std::vector<std::byte>(24)); }

    bool send(wire::Frame message) {
        const bool live = message.stream.live;
        return writer.send(message, message.stream.end ? Bytes() : pixels()) &&
               (live || writer.wait());
    }

    /// Sends the message repeatedly until the queue has room for it.
    void deliver(wire::Frame message) {
        for (auto before = writer.dropped();; before = writer.dropped()) {
            BOOST_REQUIRE(send(message));
            if (writer.dropped() == before) break;
            BOOST_REQUIRE(poller.wait_writable(output.live, 5000));
        }
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(all_frames_of_a_file_arrive_in_order) {
    Connection connection;
    constexpr int frames = 500;
    std::jthread reader([&] {
        for (int i = 0; i < frames; ++i) {
            const auto item = connection.next();
            if (!item || item->message.stream.pts != i) {
                connection.stop.request();
                return;
            }
        }
    });
    // More frames than the queues can contain, so the writer blocks if the reader is slower.
    for (int i = 0; i < frames; ++i) BOOST_REQUIRE(connection.send(Connection::frame(i, false)));
    reader.join();
    BOOST_TEST(!connection.stop.requested());
    BOOST_TEST(connection.reader.dropped() == 0U);
    BOOST_TEST(connection.writer.dropped() == 0U);
}

BOOST_AUTO_TEST_CASE(live_frames_arrive_in_order_or_are_counted_as_dropped) {
    Connection connection;
    connection.deliver(Connection::frame(1, true));
    connection.deliver(Connection::frame(2, true));
    auto end = Connection::frame(3, true);
    end.stream.end = true;
    BOOST_REQUIRE(connection.send(end));
    std::vector<std::int64_t> seen;
    while (seen.empty() || seen.back() != 3) {
        const auto item = connection.next();
        BOOST_REQUIRE(item);
        seen.push_back(item->message.stream.pts);
    }
    // Which frames are replaced by newer ones before they are read depends on timing.
    BOOST_TEST(std::ranges::is_sorted(seen));
    BOOST_TEST(seen.size() + connection.reader.dropped() == 3U);
}

BOOST_AUTO_TEST_CASE(drops_and_counts_live_frames_if_the_queue_is_full) {
    Connection connection;
    std::uint64_t sent = 0;
    while (connection.writer.dropped() < 10) {
        BOOST_REQUIRE(connection.send(Connection::frame(static_cast<std::int64_t>(sent++), true)));
    }
    auto end = Connection::frame(static_cast<std::int64_t>(sent), true);
    end.stream.end = true;
    std::jthread sender([&] { connection.send(end); });
    std::uint64_t received = 0;
    while (true) {
        const auto item = connection.next();
        BOOST_REQUIRE(item);
        if (item->message.stream.end) break;
        ++received;
    }
    sender.join();
    BOOST_TEST(received + connection.reader.dropped() + connection.writer.dropped() == sent);
}

BOOST_AUTO_TEST_CASE(new_live_stream_does_not_overtake_the_end_of_the_previous_one) {
    // Over inproc, all three messages are queued at the reader before it reads the first one.
    Connection connection("inproc://stream", "inproc://stream.lossless");
    auto end = Connection::frame(2, true);
    end.stream.end = true;
    BOOST_REQUIRE(connection.send(Connection::frame(1, true)));
    BOOST_REQUIRE(connection.send(end));
    BOOST_REQUIRE(connection.send(Connection::frame(3, true)));
    for (const std::int64_t pts : {1, 2, 3}) {
        const auto item = connection.next();
        BOOST_REQUIRE(item);
        BOOST_TEST(item->message.stream.pts == pts);
    }
}

BOOST_AUTO_TEST_CASE(never_drops_the_end_of_a_live_stream) {
    Connection connection;
    while (connection.writer.dropped() < 10)
        BOOST_REQUIRE(connection.send(Connection::frame(1, true)));
    auto end = Connection::frame(2, true);
    end.stream.end = true;
    std::jthread sender([&] { connection.send(end); });
    while (true) {
        const auto item = connection.next();
        BOOST_REQUIRE(item);
        if (item->message.stream.end) break;
    }
}

BOOST_AUTO_TEST_CASE(live_frames_pass_frames_of_a_file_that_the_reader_does_not_accept) {
    // Over inproc, the queues do not change unless the test reads or writes.
    Connection connection("inproc://stream", "inproc://stream.lossless");
    auto file = Connection::frame(0, false, "file");
    // Fill both queues and the reader, until the writer holds a frame of the file.
    while (connection.writer.flush()) {
        connection.reader.poll(false);
        BOOST_REQUIRE(connection.writer.send(file, Connection::pixels()));
        ++file.stream.pts;
    }
    for (int i = 1; i <= 3; ++i) {
        connection.deliver(Connection::frame(i, true));
        const auto item = connection.next(false);
        BOOST_REQUIRE(item);
        BOOST_TEST(item->message.head.src == "door");
        BOOST_TEST(item->message.stream.pts == i);
    }
    BOOST_TEST(!connection.writer.flush());
    // No frame of the file is lost.
    for (std::int64_t pts = 0; pts < file.stream.pts; ++pts) {
        if (pts + 1 == file.stream.pts) BOOST_REQUIRE(connection.writer.wait());
        const auto item = connection.next();
        BOOST_REQUIRE(item);
        BOOST_TEST(item->message.head.src == "file");
        BOOST_TEST(item->message.stream.pts == pts);
    }
}

BOOST_AUTO_TEST_CASE(the_endpoint_for_lossless_sources_follows_from_the_configured_endpoint) {
    BOOST_TEST(bus::lossless_endpoint("ipc:///run/track.sock") == "ipc:///run/track.sock.lossless");
    BOOST_TEST(bus::lossless_endpoint("tcp://[::1]:5701") == "tcp://[::1]:5702");
    BOOST_TEST(bus::lossless_endpoint("tcp://host") == "tcp://host");
}

BOOST_AUTO_TEST_CASE(reports_malformed_messages_and_continues) {
    Connection connection;
    BOOST_REQUIRE(connection.poller.wait_writable(connection.output.live, 5000));
    BOOST_REQUIRE(connection.output.live.try_send({"frame.door", "not a header", Bytes()}));
    BOOST_REQUIRE(connection.send(Connection::frame(7, false)));
    const auto item = connection.next();
    BOOST_REQUIRE(item);
    BOOST_TEST(item->message.stream.pts == 7);
    BOOST_TEST(connection.errors == 1);
}

BOOST_AUTO_TEST_CASE(next_returns_after_a_stop_request) {
    Connection connection;
    std::jthread stopper([&] { connection.stop.request(); });
    BOOST_TEST(!connection.next());
}

BOOST_AUTO_TEST_CASE(error_for_an_endpoint_in_use_mentions_the_setting) {
    Connection connection;
    bus::Socket other(connection.context, bus::SocketType::pull);
    const auto taken = other.bind("tcp://127.0.0.1:*", "test");
    bus::Socket third(connection.context, bus::SocketType::pull);
    BOOST_CHECK_EXCEPTION(third.bind(taken, "motion.input"), FatalError, [](const auto& error) {
        const std::string text = error.what();
        return error.code() == Exit::unavailable &&
               text.find("motion.input") != std::string::npos &&
               text.find("in use") != std::string::npos;
    });
}
