// Tests of FairQueue: the order in which probes leave the queue.
#include <string>

#include <boost/test/unit_test.hpp>

#include "broker/fair_queue.hpp"

using facebus::broker::FairQueue;

namespace {

/// Removes the next probe and ends the turn of its track. Returns the name of the probe,
/// "<track>/<number>", or an empty string if no probe is ready.
std::string take(FairQueue& queue) {
    auto probe = queue.pop().value_or("");
    if (!probe.empty()) queue.release(probe.substr(0, probe.find('/')));
    return probe;
}

}  // namespace

BOOST_AUTO_TEST_CASE(edges_take_turns_and_so_do_the_tracks_of_an_edge) {
    FairQueue queue;
    for (const char* track : {"a1", "a2"}) {
        for (const char* number : {"/1", "/2"}) {
            queue.push("a", track, std::string(track) + number);
        }
    }
    queue.push("b", "b1", "b1/1");
    BOOST_TEST(queue.size() == 5U);
    BOOST_TEST(queue.size("a") == 4U);
    for (const char* probe : {"a1/1", "b1/1", "a2/1", "a1/2", "a2/2", ""}) {
        BOOST_TEST(take(queue) == probe);
    }
    BOOST_TEST(queue.size() == 0U);
    BOOST_TEST(!queue.contains("a1"));
}

BOOST_AUTO_TEST_CASE(a_busy_track_keeps_its_probes) {
    FairQueue queue;
    queue.push("a", "t", "t/1");
    BOOST_TEST(queue.pop().value() == "t/1");
    queue.push("a", "t", "t/2");
    BOOST_TEST(!queue.pop().has_value());
    BOOST_TEST(queue.contains("t"));
    queue.release("t");
    BOOST_TEST(queue.pop().value() == "t/2");
}

BOOST_AUTO_TEST_CASE(a_probe_that_is_given_back_comes_before_the_others_of_its_track) {
    FairQueue queue;
    queue.push("a", "t", "t/1");
    queue.push("a", "t", "t/2");
    queue.give_back("t", queue.pop().value());
    BOOST_TEST(queue.size("a") == 2U);
    BOOST_TEST(take(queue) == "t/1");
    BOOST_TEST(take(queue) == "t/2");
}

BOOST_AUTO_TEST_CASE(removes_waiting_probes_of_ready_and_busy_tracks) {
    FairQueue queue;
    queue.push("a", "t", "t/1");
    queue.push("a", "t", "t/2");
    queue.push("a", "t", "t/3");
    queue.push("b", "u", "u/1");
    queue.remove("u", "u/1");
    BOOST_TEST(!queue.contains("u"));
    queue.remove("t", "t/1");
    BOOST_TEST(queue.pop().value() == "t/2");
    queue.remove("t", "t/3");
    BOOST_TEST(queue.contains("t"));  // busy
    queue.release("t");
    BOOST_TEST(!queue.contains("t"));
    BOOST_TEST(!queue.pop().has_value());
}

BOOST_AUTO_TEST_CASE(removes_the_last_probe_of_the_edge_with_the_most_probes) {
    FairQueue queue;
    queue.push("a", "t", "t/1");
    queue.push("b", "u", "u/1");
    queue.push("a", "v", "v/1");
    BOOST_TEST(queue.largest_edge() == "a");
    BOOST_TEST(queue.remove_last("a") == "v/1");
    queue.push("a", "t", "t/2");
    BOOST_TEST(queue.pop().value() == "t/1");  // the track is busy now
    BOOST_TEST(queue.remove_last("a") == "t/2");
    BOOST_TEST(queue.size("a") == 0U);
    BOOST_TEST(queue.largest_edge() == "b");
    BOOST_TEST(take(queue) == "u/1");
}
