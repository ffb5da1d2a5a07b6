#include <boost/test/unit_test.hpp>

#include "broker/dispatcher.hpp"
#include "support/samples.hpp"

using namespace facebus;
using namespace facebus::broker;
using std::chrono::seconds;
using wire::Decision;
using Admission = Dispatcher::Admission;

namespace {

const Dispatcher::Time start{};

wire::Probe probe(const std::string& track, int number) {
    auto message = samples::probe();
    message.track = track;
    message.probe = track + "/" + std::to_string(number);
    return message;
}

wire::Identity identity(const wire::Probe& of, Decision decision = Decision::unknown,
                        const std::string& subject = {}) {
    auto message = samples::minimal(samples::identity());
    message.probe = of.probe;
    message.track = of.track;
    message.decision = decision;
    if (!subject.empty()) message.subject_id = message.subject = subject;
    return message;
}

struct Broker {
    explicit Broker(const Dispatcher::Options& options = {}) : dispatcher(options) {}

    Admission admit(const wire::Probe& message) {
        return dispatcher.admit("edge", message, Bytes());
    }

    /// The id of the next probe that goes out, and to whom; empty if none does.
    std::string next() {
        const auto assignment = dispatcher.next();
        return assignment ? assignment->probe.probe + ">" + assignment->worker : "";
    }

    Dispatcher dispatcher;
};

}  // namespace

BOOST_AUTO_TEST_CASE(no_worker_gets_a_probe_that_it_did_not_ask_for) {
    Broker broker;
    broker.admit(probe("t", 1));
    BOOST_TEST(broker.next() == "");
    broker.dispatcher.credit("w", 1, start);
    BOOST_TEST(broker.next() == "t/1>w");
    BOOST_TEST(broker.next() == "");
    BOOST_TEST(broker.dispatcher.in_flight() == 1U);
}

BOOST_AUTO_TEST_CASE(work_goes_to_the_worker_that_takes_most) {
    Broker broker;
    broker.dispatcher.credit("busy", 1, start);
    broker.dispatcher.credit("free", 2, start);
    for (const char* track : {"a", "b", "c", "d"}) broker.admit(probe(track, 1));
    int to_free = 0;
    for (int i = 0; i < 3; ++i) to_free += broker.next().ends_with(">free") ? 1 : 0;
    BOOST_TEST(to_free == 2);
    BOOST_TEST(broker.next() == "");
}

BOOST_AUTO_TEST_CASE(probes_of_one_track_go_out_one_after_the_other_in_order) {
    Broker broker;
    broker.dispatcher.credit("w", 8, start);
    broker.admit(probe("a", 1));
    broker.admit(probe("a", 2));
    broker.admit(probe("b", 1));
    BOOST_TEST(broker.next() == "a/1>w");
    BOOST_TEST(broker.next() == "b/1>w");
    BOOST_TEST(broker.next() == "");
    broker.dispatcher.complete(identity(probe("a", 1)), start);
    BOOST_TEST(broker.next() == "a/2>w");
}

BOOST_AUTO_TEST_CASE(a_finished_probe_is_acknowledged_to_the_edge_that_sent_it) {
    Broker broker;
    broker.dispatcher.credit("w", 1, start);
    broker.admit(probe("t", 1));
    broker.next();
    const auto completed = broker.dispatcher.complete(identity(probe("t", 1)), start);
    BOOST_REQUIRE(completed);
    BOOST_TEST(completed->edge == "edge");
    BOOST_TEST(completed->probe == "t/1");
    BOOST_TEST(broker.dispatcher.in_flight() == 0U);
}

BOOST_AUTO_TEST_CASE(a_probe_that_comes_again_is_worked_on_once) {
    Broker broker;
    broker.dispatcher.credit("w", 8, start);
    BOOST_TEST((broker.admit(probe("t", 1)) == Admission::queued));
    BOOST_TEST((broker.admit(probe("t", 1)) == Admission::duplicate));
    broker.next();
    BOOST_TEST((broker.admit(probe("t", 1)) == Admission::duplicate));
    broker.dispatcher.complete(identity(probe("t", 1)), start);
    BOOST_TEST((broker.admit(probe("t", 1)) == Admission::completed));
    BOOST_TEST(broker.next() == "");
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses_and_takes_again_once_there_is_room) {
    Broker broker({.queue = 1});
    broker.dispatcher.credit("w", 8, start);
    BOOST_TEST((broker.admit(probe("a", 1)) == Admission::queued));
    BOOST_TEST((broker.admit(probe("b", 1)) == Admission::full));
    broker.next();
    BOOST_TEST((broker.admit(probe("b", 1)) == Admission::queued));
}

BOOST_AUTO_TEST_CASE(what_a_silent_worker_held_goes_to_another_first) {
    Broker broker({.worker_timeout = seconds(5)});
    broker.dispatcher.credit("dead", 8, start);
    broker.admit(probe("t", 1));
    broker.admit(probe("t", 2));
    BOOST_TEST(broker.next() == "t/1>dead");
    BOOST_TEST(broker.dispatcher.expire(start + seconds(5)).empty());
    BOOST_TEST(broker.dispatcher.workers() == 1U);
    BOOST_TEST(broker.dispatcher.expire(start + seconds(6)).empty());
    BOOST_TEST(broker.dispatcher.workers() == 0U);
    broker.dispatcher.credit("alive", 8, start + seconds(6));
    BOOST_TEST(broker.next() == "t/1>alive");
    BOOST_TEST(broker.next() == "");
    broker.dispatcher.complete(identity(probe("t", 1)), start + seconds(6));
    BOOST_TEST(broker.next() == "t/2>alive");
}

BOOST_AUTO_TEST_CASE(the_late_result_of_a_worker_taken_for_dead_counts_once) {
    Broker broker;
    broker.dispatcher.credit("slow", 8, start);
    broker.admit(probe("t", 1));
    broker.next();
    broker.dispatcher.drop_worker("slow");
    broker.dispatcher.credit("other", 8, start);
    BOOST_TEST(broker.next() == "t/1>other");
    BOOST_TEST(broker.dispatcher.complete(identity(probe("t", 1)), start).has_value());
    BOOST_TEST(!broker.dispatcher.complete(identity(probe("t", 1)), start).has_value());
}

BOOST_AUTO_TEST_CASE(a_probe_that_kills_workers_is_set_aside_and_its_track_goes_on) {
    Broker broker({.max_attempts = 3});
    broker.admit(probe("t", 1));
    broker.admit(probe("t", 2));
    std::vector<Dispatcher::Completed> aside;
    for (const char* worker : {"w1", "w2", "w3"}) {
        BOOST_TEST(aside.empty());
        broker.dispatcher.credit(worker, 8, start);
        BOOST_TEST(broker.next() == std::string("t/1>") + worker);
        aside = broker.dispatcher.drop_worker(worker);
    }
    BOOST_REQUIRE(aside.size() == 1U);
    BOOST_TEST(aside[0].edge == "edge");
    BOOST_REQUIRE(aside[0].publish);
    BOOST_TEST((aside[0].publish->decision == Decision::error));
    BOOST_TEST(aside[0].publish->reason->find("3 workers") != std::string::npos);
    BOOST_TEST((broker.admit(probe("t", 1)) == Admission::completed));
    broker.dispatcher.credit("w4", 8, start);
    BOOST_TEST(broker.next() == "t/2>w4");
}

BOOST_AUTO_TEST_CASE(a_result_is_published_when_the_decision_changes_and_only_then) {
    Broker broker;
    broker.dispatcher.credit("w", 100, start);
    const auto published = [&](int number, Decision decision, const std::string& subject = {}) {
        broker.admit(probe("t", number));
        broker.next();
        const auto completed =
            broker.dispatcher.complete(identity(probe("t", number), decision, subject), start);
        return completed && completed->publish.has_value();
    };
    BOOST_TEST(published(1, Decision::undecided));
    BOOST_TEST(!published(2, Decision::undecided));
    BOOST_TEST(published(3, Decision::known, "ada"));
    BOOST_TEST(!published(4, Decision::known, "ada"));
    BOOST_TEST(published(5, Decision::known, "grace"));
    BOOST_TEST(published(6, Decision::unknown));
    broker.dispatcher.forget_track("t");
    BOOST_TEST(published(7, Decision::unknown));
}

namespace {

/// What is published of a track whose probes come to these decisions, "ignored" being one; "-"
/// where nothing is.
std::vector<std::string> published(Broker& broker, const std::vector<std::string>& decisions,
                                   const std::string& track = "t") {
    std::vector<std::string> out;
    for (const auto& decision : decisions) {
        const auto number = static_cast<int>(out.size()) + 1;
        broker.dispatcher.credit("w", 8, start);
        broker.admit(probe(track, number));
        broker.next();
        auto message = identity(probe(track, number), Decision::undecided);
        if (decision == "ignored") {
            message.ignored = true;
        } else {
            message.decision = wire::from_string<Decision>(decision).value();
            if (decision == "known") message.subject_id = message.subject = "anna";
        }
        const auto completed = broker.dispatcher.complete(std::move(message), start);
        BOOST_REQUIRE(completed);
        BOOST_TEST(completed->probe == track + "/" + std::to_string(number));
        BOOST_TEST((broker.admit(probe(track, number)) == Admission::completed));
        if (!completed->publish) {
            out.emplace_back("-");
        } else {
            const bool ignored = completed->publish->ignored.value_or(false);
            out.emplace_back(ignored ? "taken back" : to_string(completed->publish->decision));
        }
    }
    return out;
}

using Told = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_is_published_of_a_person_who_is_not_to_be_reported) {
    Broker broker;
    BOOST_TEST(published(broker, {"ignored", "ignored"}) == Told({"-", "-"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(
    what_was_published_before_a_person_turned_out_to_be_ignored_is_taken_back_once) {
    Broker broker;
    const Told decisions{"unknown", "ignored", "ignored", "unknown", "unknown", "ignored"};
    const Told told{"unknown", "taken back", "-", "unknown", "-", "taken back"};
    BOOST_TEST(published(broker, decisions) == told, boost::test_tools::per_element());
    BOOST_TEST(published(broker, {"undecided", "ignored", "known"}, "u") ==
                   Told({"undecided", "taken back", "known"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_track_that_ended_is_known_until_its_last_probe_is_done) {
    Broker broker;
    broker.dispatcher.credit("w", 8, start);
    for (int number : {1, 2, 3}) broker.admit(probe("t", number));
    const auto result = [&](int number) {
        broker.next();
        return broker.dispatcher.complete(identity(probe("t", number)), start)->publish.has_value();
    };
    BOOST_TEST(result(1));
    broker.dispatcher.forget_track("t");  // with two probes that wait
    BOOST_TEST(!result(2));
    broker.next();
    broker.dispatcher.forget_track("t");  // with one that a worker holds
    BOOST_TEST(!result(3));
    broker.admit(probe("t", 4));
    BOOST_TEST(result(4));
}

BOOST_AUTO_TEST_CASE(recent_ids_forget_the_oldest) {
    RecentIds ids(2);
    BOOST_TEST(ids.add("a"));
    BOOST_TEST(!ids.add("a"));
    BOOST_TEST(ids.add("b"));
    BOOST_TEST(ids.add("c"));
    BOOST_TEST(!ids.contains("a"));
    BOOST_TEST(ids.contains("b"));
    BOOST_TEST(ids.contains("c"));
}
