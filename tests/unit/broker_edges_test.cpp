// Tests of Edges: which cameras an edge may report.
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "broker/edges.hpp"

using namespace facebus;
using namespace facebus::broker;
using std::chrono::seconds;

namespace {

const Edges::Time start{};

/// Returns a message of an edge with this key, which is bound to `cameras`.
bus::Received with_key(const std::string& name, std::vector<std::string> cameras = {}) {
    bus::Received received;
    received.peer = "peer of " + name;
    received.key = std::make_shared<bus::AllowedKey>(
        bus::AllowedKey{.name = name, .role = "edge", .cameras = std::move(cameras)});
    return received;
}

bus::Received without_key(const std::string& peer) {
    bus::Received received;
    received.peer = peer;
    return received;
}

/// Returns the reason why the message is refused, or "ok".
std::string record(Edges& edges, const bus::Received& received, const std::string& camera) {
    const auto refusal = edges.record(received, camera, start);
    return refusal ? std::string(wire::to_string(*refusal)) : "ok";
}

}  // namespace

BOOST_AUTO_TEST_CASE(refuses_messages_about_cameras_to_which_the_key_is_not_bound) {
    Edges edges({});
    const auto key = with_key("hall", {"hall-*", "door"});
    BOOST_TEST(record(edges, key, "hall-1") == "ok");
    BOOST_TEST(record(edges, key, "door") == "ok");
    BOOST_TEST(record(edges, key, "door2") == "camera");
    BOOST_TEST(record(edges, key, "yard") == "camera");
    BOOST_TEST(record(edges, with_key("any"), "yard") == "ok");
    // The binding of the key was changed while the edge was connected.
    BOOST_TEST(record(edges, with_key("hall", {"yard"}), "door") == "camera");
}

BOOST_AUTO_TEST_CASE(limits_the_cameras_of_each_key) {
    Edges edges({.cameras_per_edge = 2});
    for (const auto& key : {with_key("any"), with_key("bound", {"*"})}) {
        BOOST_TEST(record(edges, key, "a") == "ok");
        BOOST_TEST(record(edges, key, "b") == "ok");
        BOOST_TEST(record(edges, key, "c") == "cameras");
        BOOST_TEST(record(edges, key, "a") == "ok");
    }
    const auto bound_to_three = with_key("three", {"a", "b", "c"});
    for (const char* camera : {"a", "b", "c"}) {
        BOOST_TEST(record(edges, bound_to_three, camera) == "ok");
    }
}

BOOST_AUTO_TEST_CASE(limits_the_cameras_of_all_connections_without_a_key) {
    Edges edges({.cameras_per_edge = 2, .cameras_without_key = 3});
    BOOST_TEST(record(edges, without_key("p"), "a") == "ok");
    BOOST_TEST(record(edges, without_key("p"), "b") == "ok");
    BOOST_TEST(record(edges, without_key("p"), "c") == "cameras");
    BOOST_TEST(record(edges, without_key("q"), "c") == "ok");
    BOOST_TEST(record(edges, without_key("r"), "d") == "cameras");
    // A camera can move to another connection.
    BOOST_TEST(record(edges, without_key("r"), "a") == "ok");
    BOOST_TEST(record(edges, with_key("k"), "d") == "ok");
}

BOOST_AUTO_TEST_CASE(identifies_an_edge_by_its_key_or_else_by_its_connection) {
    auto reconnected = with_key("hall");
    reconnected.peer = "new";
    BOOST_TEST(Edges::id(reconnected) == Edges::id(with_key("hall")));
    BOOST_TEST(Edges::id(with_key("hall")) != Edges::id(with_key("yard")));
    BOOST_TEST(Edges::id(without_key("p")) != Edges::id(without_key("q")));
    BOOST_TEST(Edges::id(without_key("hall")) != Edges::id(with_key("hall")));
}

BOOST_AUTO_TEST_CASE(counts_the_edges_of_the_last_ten_seconds) {
    Edges edges({});
    edges.record(with_key("a"), "x", start);
    edges.record(with_key("b"), "x", start + seconds(5));
    BOOST_TEST(edges.online(start + seconds(10)) == 2U);
    BOOST_TEST(edges.online(start + seconds(11)) == 1U);
}

BOOST_AUTO_TEST_CASE(a_star_matches_any_characters) {
    for (const char* pattern : {"door", "*", "d*r", "*oor", "door*", "d*o*r", "**"}) {
        BOOST_TEST(matches(pattern, "door"), pattern);
    }
    for (const char* pattern : {"", "doo", "doors", "oor*", "d*x*r", "doo*or", "*o", "Door"}) {
        BOOST_TEST(!matches(pattern, "door"), pattern);
    }
    BOOST_TEST(matches("a*b*b", "abb"));
    BOOST_TEST(!matches("a*b*b", "ab"));
}
