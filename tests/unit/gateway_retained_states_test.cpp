// Tests of RetainedStates, which queues retained MQTT messages.
#include <boost/test/unit_test.hpp>

#include "gateway/mqtt/retained_states.hpp"

using namespace facebus;
using namespace facebus::gateway;

namespace {

/// Removes all messages from the queue. Returns them as "topic=payload;", joined.
std::string drain(RetainedStates& states) {
    std::string all;
    while (const auto message = states.next()) all += message->topic + "=" + message->payload + ";";
    return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(sends_a_state_only_when_it_changes) {
    RetainedStates states;
    states.set("a", {{"n", 1}}, "monday");
    BOOST_TEST(drain(states) == R"(a={"n":1,"since":"monday"};)");
    states.set("a", {{"n", 1}}, "tuesday");
    BOOST_TEST(drain(states).empty());
    states.set("a", {{"n", 2}}, "tuesday");
    BOOST_TEST(drain(states) == R"(a={"n":2,"since":"tuesday"};)");
}

BOOST_AUTO_TEST_CASE(queues_only_the_newest_state_of_a_topic) {
    RetainedStates states;
    states.set("a", "1");
    states.set("a", "2");
    BOOST_TEST(drain(states) == "a=2;");
}

BOOST_AUTO_TEST_CASE(resends_all_states_after_a_reconnect) {
    RetainedStates states;
    states.set("a", "1");
    states.set("b", "2");
    drain(states);
    states.resend_all();
    BOOST_TEST(drain(states) == "a=1;b=2;");
}

BOOST_AUTO_TEST_CASE(clears_removed_topics_and_topics_left_by_an_earlier_run) {
    RetainedStates states;
    states.set("a", "1");
    states.set("b", "2");
    drain(states);
    states.remove("a");
    BOOST_TEST(drain(states) == "a=;");
    states.note_existing("b");
    states.note_existing("c");
    BOOST_TEST(drain(states).empty());
    states.remove_stale();
    BOOST_TEST(drain(states) == "c=;");
}
