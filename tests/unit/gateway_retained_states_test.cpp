#include <boost/test/unit_test.hpp>

#include "gateway/mqtt/retained_states.hpp"

using namespace facebus;
using namespace facebus::gateway;

namespace {

std::string waiting(RetainedStates& states) {
    std::string all;
    while (const auto message = states.next()) all += message->topic + "=" + message->payload + ";";
    return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_state_is_given_once_and_again_when_it_changes) {
    RetainedStates states;
    states.set("a", {{"n", 1}}, "monday");
    BOOST_TEST(waiting(states) == R"(a={"n":1,"since":"monday"};)");
    states.set("a", {{"n", 1}}, "tuesday");
    BOOST_TEST(waiting(states).empty());
    states.set("a", {{"n", 2}}, "tuesday");
    BOOST_TEST(waiting(states) == R"(a={"n":2,"since":"tuesday"};)");
}

BOOST_AUTO_TEST_CASE(only_the_newest_state_of_a_topic_waits) {
    RetainedStates states;
    states.set("a", "1");
    states.set("a", "2");
    BOOST_TEST(waiting(states) == "a=2;");
}

BOOST_AUTO_TEST_CASE(another_connection_is_given_all) {
    RetainedStates states;
    states.set("a", "1");
    states.set("b", "2");
    waiting(states);
    states.start_again();
    BOOST_TEST(waiting(states) == "a=1;b=2;");
}

BOOST_AUTO_TEST_CASE(what_is_taken_back_or_was_never_ours_is_forgotten_by_the_broker) {
    RetainedStates states;
    states.set("a", "1");
    states.set("b", "2");
    waiting(states);
    states.remove("a");
    BOOST_TEST(waiting(states) == "a=;");
    states.found("b");
    states.found("c");
    BOOST_TEST(waiting(states).empty());
    states.forget_strangers();
    BOOST_TEST(waiting(states) == "c=;");
}
