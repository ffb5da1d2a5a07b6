// Tests the authentication of peers over real sockets. A test of a rejected peer waits until the
// rejected connection is counted.
#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/temporary_folder.hpp"
#include "bus/socket.hpp"

using namespace facebus;
using Unencrypted = bus::Security::Unencrypted;
namespace fs = std::filesystem;

namespace {

constexpr int limit_ms = 10'000;

/// Socket of a broker with a key and a folder of allowed keys.
struct Broker {
    TemporaryFolder folder;
    bus::KeyPair broker_keys = bus::make_key_pair();
    bus::KeyPair door = add("edge", "door");
    bus::Context context{{.own_keys = broker_keys, .allowed = folder.path()}};
    bus::Socket edges{context, bus::SocketType::router, {.max_frame_bytes = 1000, .role = "edge"}};
    std::string endpoint = edges.bind("tcp://127.0.0.1:*", "broker.probes");
    Stop stop;
    Heartbeat heartbeat;
    bus::Poller poller{stop, heartbeat};

    bus::KeyPair add(const std::string& role, const std::string& name) {
        const auto keys = bus::make_key_pair();
        BOOST_REQUIRE(bus::write_key_pair(folder.path(), role, name, keys));
        return keys;
    }

    /// Blocks until a message arrives and returns its topic, or the Error of try_receive().
    Result<std::string> receive(std::string* sender = nullptr) {
        while (true) {
            auto received = edges.try_receive(sender);
            if (!received) return std::unexpected(received.error());
            if (*received) return (*received)->message.topic;
            bus::Interest interest{.socket = &edges};
            const auto start = Monotonic::now();
            poller.wait({&interest, 1}, limit_ms);
            BOOST_REQUIRE_MESSAGE(interest.ready, "no message arrived");
            BOOST_REQUIRE(Monotonic::now() - start < std::chrono::milliseconds(limit_ms));
        }
    }

    /// Blocks until the listener has rejected `count` connections.
    void wait_for_rejections(std::uint64_t count) {
        const auto end = Monotonic::now() + std::chrono::milliseconds(limit_ms);
        while (edges.rejected_connections() < count) {
            BOOST_REQUIRE_MESSAGE(Monotonic::now() < end,
                                  "the rejected connection was not counted");
            poller.wait_readable(edges, 20);
        }
    }
};

/// Peer that connects to the broker and sends one message.
struct Peer {
    bus::Context context;
    bus::Socket socket{context, bus::SocketType::dealer};

    Peer(const Broker& broker, bus::Security security) : context(std::move(security)) {
        socket.connect(broker.endpoint, "broker.probes");
        BOOST_REQUIRE(send("hello"));
    }
    bool send(const std::string& topic) { return socket.try_send({topic, "", Bytes()}); }
};

/// Returns the security settings of a peer that has `keys` and knows the broker's public key.
bus::Security security_of(const Broker& broker, const bus::KeyPair& keys) {
    return {.own_keys = keys, .broker_key = broker.broker_keys.public_key};
}

/// Connects over TCP, sends `text`, which is not ZeroMQ, and blocks until the connection closes.
void connect_and_send(const std::string& endpoint, const std::string& text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    BOOST_REQUIRE(connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    BOOST_REQUIRE(write(connection, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    char byte = 0;
    while (read(connection, &byte, 1) > 0) {
    }
    close(connection);
}

}  // namespace

BOOST_AUTO_TEST_CASE(accepts_an_allowed_key) {
    Broker broker;
    const Peer door(broker, security_of(broker, broker.door));
    BOOST_TEST(broker.receive().value() == "hello");
    BOOST_TEST(broker.edges.rejected_connections() == 0U);
}

BOOST_AUTO_TEST_CASE(rejects_and_counts_an_unknown_key) {
    Broker broker;
    const Peer unknown(broker, security_of(broker, bus::make_key_pair()));
    broker.wait_for_rejections(1);
    const Peer door(broker, security_of(broker, broker.door));
    BOOST_TEST(broker.receive().value() == "hello");
    BOOST_TEST(broker.edges.try_receive()->has_value() == false);
}

BOOST_AUTO_TEST_CASE(rejects_a_key_with_a_different_role) {
    Broker broker;
    const Peer worker(broker, security_of(broker, broker.add("worker", "one")));
    broker.wait_for_rejections(1);
}

BOOST_AUTO_TEST_CASE(rejects_a_peer_without_a_key) {
    Broker broker;
    const Peer unencrypted(broker, {.allow_unencrypted = Unencrypted::loopback});
    broker.wait_for_rejections(1);
}

BOOST_AUTO_TEST_CASE(rejects_a_peer_that_expects_a_different_broker_key) {
    Broker broker;
    const Peer peer(broker,
                    {.own_keys = broker.door, .broker_key = bus::make_key_pair().public_key});
    broker.wait_for_rejections(1);
}

BOOST_AUTO_TEST_CASE(disconnects_and_counts_peers_with_other_protocols) {
    Broker broker;
    connect_and_send(broker.endpoint,
                     "GET / HTTP/1.1\r\nHost: broker\r\n\r\n" + std::string(100, 'x'));
    broker.wait_for_rejections(1);
    const Peer door(broker, security_of(broker, broker.door));
    BOOST_TEST(broker.receive().value() == "hello");
}

BOOST_AUTO_TEST_CASE(disconnects_and_counts_connections_that_send_nothing) {
    Broker broker;
    connect_and_send(broker.endpoint, "");
    broker.wait_for_rejections(1);
}

BOOST_AUTO_TEST_CASE(accepts_a_key_that_is_added_while_the_broker_runs) {
    Broker broker;
    const auto gate = bus::make_key_pair();
    const Peer peer(broker, security_of(broker, gate));
    broker.wait_for_rejections(1);
    BOOST_REQUIRE(bus::write_key_pair(broker.folder.path(), "edge", "gate", gate));
    BOOST_TEST(broker.receive().value() == "hello");
}

BOOST_AUTO_TEST_CASE(rejects_messages_after_the_key_was_removed) {
    Broker broker;
    Peer door(broker, security_of(broker, broker.door));
    BOOST_TEST(broker.receive().value() == "hello");
    fs::remove(broker.folder.path() / "door.pub");
    // The list is reread within a second; messages before that are accepted.
    const auto end = Monotonic::now() + std::chrono::milliseconds(limit_ms);
    Result<std::string> received = "";
    while (received && Monotonic::now() < end) {
        BOOST_REQUIRE(door.send("more"));
        received = broker.receive();
    }
    BOOST_REQUIRE(!received);
    BOOST_TEST((received.error().kind == ErrorKind::refused));
}

BOOST_AUTO_TEST_CASE(accepts_messages_again_after_a_removed_key_was_put_back) {
    Broker broker;
    Peer door(broker, security_of(broker, broker.door));
    std::string first;
    BOOST_TEST(broker.receive(&first).value() == "hello");
    const auto file = broker.folder.path() / "door.pub";
    const auto aside = broker.folder.path() / "door.aside";
    fs::rename(file, aside);
    Result<std::string> received = "";
    while (received) {
        BOOST_REQUIRE(door.send("more"));
        received = broker.receive();
    }
    BOOST_TEST(received.error().message.contains("door"));
    fs::rename(aside, file);
    // The peer was disconnected and reconnects, so it has another name.
    std::string second;
    const auto end = Monotonic::now() + std::chrono::milliseconds(limit_ms);
    while (second.empty() || second == first) {
        BOOST_REQUIRE_MESSAGE(Monotonic::now() < end, "the peer did not come back");
        door.send("again");
        broker.poller.wait_readable(broker.edges, 50);
        [[maybe_unused]] const auto next = broker.edges.try_receive(&second);
    }
}

BOOST_AUTO_TEST_CASE(received_message_has_the_key_of_its_sender) {
    Broker broker;
    const Peer door(broker, security_of(broker, broker.door));
    bus::Interest interest{.socket = &broker.edges};
    broker.poller.wait({&interest, 1}, limit_ms);
    const auto received = broker.edges.try_receive();
    BOOST_REQUIRE((received && *received && (*received)->key));
    BOOST_TEST((*received)->key->name == "door");
    BOOST_TEST((*received)->key->role == "edge");
}

BOOST_AUTO_TEST_CASE(drops_a_message_with_a_too_large_frame_and_receives_later_ones) {
    Broker broker;
    Peer door(broker, security_of(broker, broker.door));
    BOOST_TEST(broker.receive().value() == "hello");
    BOOST_REQUIRE(door.socket.try_send(
        {"large", std::string(2000, 'x'), Bytes::take(std::vector<std::byte>(2000))}));
    // The peer reconnects automatically; messages on the old connection are lost.
    const auto end = Monotonic::now() + std::chrono::milliseconds(limit_ms);
    std::string received;
    while (received != "after") {
        BOOST_REQUIRE_MESSAGE(Monotonic::now() < end, "no later message arrived");
        door.send("after");
        broker.poller.wait_readable(broker.edges, 50);
        const auto next = broker.edges.try_receive();
        BOOST_REQUIRE(next);
        if (*next) received = (*next)->message.topic;
        BOOST_REQUIRE(received != "large");
    }
}

BOOST_AUTO_TEST_CASE(error_for_tcp_without_keys_mentions_the_settings) {
    bus::Context context;
    bus::Socket socket(context, bus::SocketType::router, {.role = "edge"});
    for (const auto* endpoint : {"tcp://127.0.0.1:*", "tcp://0.0.0.0:*"}) {
        BOOST_CHECK_EXCEPTION(
            socket.bind(endpoint, "broker.probes"), FatalError, [](const FatalError& error) {
                const std::string text = error.what();
                return error.code() == Exit::config && text.contains("broker.probes") &&
                       text.contains("bus.key") && text.contains("bus.allow_unencrypted");
            });
        BOOST_CHECK_THROW(socket.connect(endpoint, "broker.probes"), FatalError);
    }
}

BOOST_AUTO_TEST_CASE(error_for_tcp_without_a_role_suggests_ipc_instead_of_a_key) {
    bus::Context context({.own_keys = bus::make_key_pair()});
    bus::Socket socket(context, bus::SocketType::pull);
    BOOST_CHECK_EXCEPTION(
        socket.bind("tcp://127.0.0.1:*", "motion.input"), FatalError, [](const FatalError& error) {
            const std::string text = error.what();
            return error.code() == Exit::config && text.contains("motion.input") &&
                   text.contains("ipc://") && text.contains("bus.allow_unencrypted") &&
                   !text.contains("bus.key");
        });
}

BOOST_AUTO_TEST_CASE(unencrypted_loopback_does_not_permit_other_addresses) {
    bus::Context context({.allow_unencrypted = Unencrypted::loopback});
    bus::Socket socket(context, bus::SocketType::pull);
    socket.bind("tcp://127.0.0.1:*", "test");
    BOOST_CHECK_THROW(socket.bind("tcp://0.0.0.0:*", "test"), FatalError);
    BOOST_CHECK_THROW(socket.bind("tcp://*:*", "test"), FatalError);
}

BOOST_AUTO_TEST_CASE(listening_with_a_key_requires_an_allow_list) {
    bus::Context context({.own_keys = bus::make_key_pair()});
    bus::Socket socket(context, bus::SocketType::router, {.role = "edge"});
    BOOST_CHECK_THROW(socket.bind("tcp://127.0.0.1:*", "broker.probes"), FatalError);
}

BOOST_AUTO_TEST_CASE(connecting_with_a_key_requires_the_broker_key) {
    bus::Context context({.own_keys = bus::make_key_pair()});
    bus::Socket socket(context, bus::SocketType::dealer);
    BOOST_CHECK_THROW(socket.connect("tcp://127.0.0.1:5701", "broker.probes"), FatalError);
}

BOOST_AUTO_TEST_CASE(recognises_loopback_addresses) {
    for (const auto* inside :
         {"tcp://127.0.0.1:5701", "tcp://127.8.8.8:1", "tcp://localhost:*", "tcp://[::1]:5701"}) {
        BOOST_TEST(bus::is_loopback(inside), inside);
    }
    for (const auto* outside :
         {"tcp://0.0.0.0:5701", "tcp://*:5701", "tcp://127.evil.example:1", "tcp://eth0:5701",
          "tcp://localhost.example:1", "tcp://[::]:5701", "tcp://1.127.0.0.1:1"}) {
        BOOST_TEST(!bus::is_loopback(outside), outside);
    }
}
