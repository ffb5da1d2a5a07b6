// Tests the limits of a listening socket over real, unencrypted connections.
#include <mutex>

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/socket.hpp"

using namespace facebus;

namespace {

constexpr auto limit = std::chrono::seconds(10);
constexpr std::size_t frame_bytes = 1000;

/// Listening socket, and the errors that its context reports.
struct Listener {
    std::mutex mutex;
    std::vector<Error> errors;
    bus::Context context{{.allow_unencrypted = bus::Security::Unencrypted::loopback},
                         {.on_error = [this](const Error& error) {
                             const std::lock_guard lock(mutex);
                             errors.push_back(error);
                         }}};
    bus::Socket socket;
    std::string endpoint;
    Stop stop;
    Heartbeat heartbeat;
    bus::Poller poller{stop, heartbeat};

    explicit Listener(bus::SocketType type = bus::SocketType::router, int receive_queue = 4)
        : socket(context, type,
                 {.receive_queue = receive_queue, .max_frame_bytes = frame_bytes, .role = "edge"}),
          endpoint(socket.bind("tcp://127.0.0.1:*", "broker.probes")) {}

    /// Blocks until an error was reported, and returns it.
    Error wait_for_error() {
        const auto end = Monotonic::now() + limit;
        while (true) {
            {
                const std::lock_guard lock(mutex);
                if (!errors.empty()) return errors.back();
            }
            BOOST_REQUIRE_MESSAGE(Monotonic::now() < end, "no error was reported");
            receive();
        }
    }

    /// Waits up to 20 ms for a message and returns its topic, or an empty string.
    std::string receive() {
        bus::Interest interest{.socket = &socket};
        poller.wait({&interest, 1}, 20);
        const auto received = socket.try_receive();
        return received && *received ? (*received)->message.topic : "";
    }

    /// Calls `send` repeatedly until a message with this topic arrives.
    void wait_for(const std::string& topic, const std::function<void()>& send) {
        const auto end = Monotonic::now() + limit;
        do {
            BOOST_REQUIRE_MESSAGE(Monotonic::now() < end, "the message did not arrive");
            send();
        } while (receive() != topic);
    }
};

/// Plain TCP connection to a Listener.
struct Connection {
    int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);

    explicit Connection(const Listener& listener) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        const auto port = listener.endpoint.substr(listener.endpoint.rfind(':') + 1);
        address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
        BOOST_REQUIRE(connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) ==
                      0);
    }
    ~Connection() { close(descriptor); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Returns false if the connection is closed.
    bool send(const std::string& bytes) const {
        return ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }

    /// Receives `size` bytes.
    [[nodiscard]] std::string receive(std::size_t size) const {
        std::string bytes(size, '\0');
        BOOST_REQUIRE(recv(descriptor, bytes.data(), size, MSG_WAITALL) ==
                      static_cast<ssize_t>(size));
        return bytes;
    }

    /// Exchanges the greetings of ZMTP 3.0 and the commands READY.
    void shake_hands(const std::string& kind) const {
        std::string text(64, '\0');
        text.replace(0, 12, std::string("\xff\0\0\0\0\0\0\0\0\x7f\3\0", 12));
        text.replace(12, 4, "NULL");
        const auto ready =
            "\5READY\13Socket-Type" + std::string(3, '\0') + static_cast<char>(kind.size()) + kind;
        BOOST_REQUIRE(send(text + '\4' + static_cast<char>(ready.size()) + ready));
        [[maybe_unused]] const auto greeting = receive(64);
        const auto command = receive(2);  // flags and size
        BOOST_REQUIRE(receive(static_cast<std::size_t>(command[1])).starts_with("\5READY"));
    }

    /// Sends parts of a message without an end. Returns whether the connection was closed before
    /// `bytes` were sent.
    [[nodiscard]] bool closed_within(std::size_t bytes, const std::string& part) const {
        std::string parts;
        for (int i = 0; i < 100; ++i) parts += '\1' + std::string(1, char(part.size())) + part;
        for (std::size_t sent = 0; sent < bytes; sent += parts.size()) {
            if (!send(parts)) return true;
        }
        return false;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(peer_that_sends_a_message_without_an_end_is_disconnected_and_reported) {
    Listener listener;
    const Connection peer(listener);
    peer.shake_hands("DEALER");
    BOOST_TEST(peer.closed_within(std::size_t{1} << 30, std::string(100, 'x')));
    const auto error = listener.wait_for_error();
    BOOST_TEST((error.kind == ErrorKind::too_large));
    BOOST_TEST(error.message.contains("127.0.0.1:"));
    BOOST_TEST(error.message.contains("broker.probes"));
}

BOOST_AUTO_TEST_CASE(subscriber_that_sends_too_many_subscriptions_is_disconnected) {
    Listener listener(bus::SocketType::publish, 1000);
    const Connection peer(listener);
    peer.shake_hands("SUB");
    std::string subscription("\0\2\1x", 4);
    std::string many;
    for (int i = 0; i < 1000; ++i) many += subscription;
    const auto end = Monotonic::now() + limit;
    std::string left;  // still to be sent
    bool connected = true;
    while (connected) {
        BOOST_REQUIRE_MESSAGE(Monotonic::now() < end, "the subscriber was not disconnected");
        if (left.empty()) left = many;
        const auto sent =
            ::send(peer.descriptor, left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) left.erase(0, static_cast<std::size_t>(sent));
        connected = sent >= 0 || errno == EAGAIN;
        listener.socket.try_send({"topic", "", Bytes()});  // also processes subscriptions
    }
    const std::lock_guard lock(listener.mutex);
    BOOST_REQUIRE(!listener.errors.empty());
    BOOST_TEST(listener.errors[0].message.contains("of subscriptions"));
}

BOOST_AUTO_TEST_CASE(peer_that_sends_many_complete_messages_stays_connected) {
    Listener listener;
    bus::Context context({.allow_unencrypted = bus::Security::Unencrypted::loopback});
    bus::Socket peer(context, bus::SocketType::dealer);
    peer.connect(listener.endpoint, "broker.probes");
    const auto payload = Bytes::take(std::vector<std::byte>(frame_bytes));
    // 50 times as much as the limit for a connection.
    const int count = 50 * 5 * (128 + 65536 + 1000) / 1000;
    int received = 0;
    const auto end = Monotonic::now() + limit;
    for (int sent = 0; received < count;) {
        BOOST_REQUIRE_MESSAGE(Monotonic::now() < end, "only " << received << " messages arrived");
        while (sent < count && peer.try_send({"probe.door", "", payload})) ++sent;
        while (true) {
            const auto next = listener.socket.try_receive();
            BOOST_REQUIRE(next);
            if (!*next) break;
            ++received;
        }
    }
    const std::lock_guard lock(listener.mutex);
    BOOST_TEST(listener.errors.size() == 0U);
}

BOOST_AUTO_TEST_CASE(idle_connections_above_the_limit_are_closed_and_regular_peers_are_not) {
    rlimit before{};
    BOOST_REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit few{.rlim_cur = 64, .rlim_max = before.rlim_max};
    BOOST_REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
    Listener listener;  // accepts 16 connections
    BOOST_REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    bus::Context context({.allow_unencrypted = bus::Security::Unencrypted::loopback});
    bus::Socket first(context, bus::SocketType::dealer);
    first.connect(listener.endpoint, "broker.probes");
    listener.wait_for("first", [&] { first.try_send({"first", "", Bytes()}); });

    std::vector<std::unique_ptr<Connection>> idle;
    for (int i = 0; i < 40; ++i) idle.push_back(std::make_unique<Connection>(listener));
    const auto error = listener.wait_for_error();
    BOOST_TEST((error.kind == ErrorKind::refused));
    BOOST_TEST(error.message.contains("more than 16"));
    // The oldest idle connection is closed; read() returns only then.
    char byte = 0;
    while (read(idle.front()->descriptor, &byte, 1) > 0) {
    }
    bus::Socket second(context, bus::SocketType::dealer);
    second.connect(listener.endpoint, "broker.probes");
    listener.wait_for("second", [&] { second.try_send({"second", "", Bytes()}); });
    listener.wait_for("first again", [&] { first.try_send({"first again", "", Bytes()}); });
}
