// Tests of Dispatcher: which worker gets which probe, and which results are published.
#include <boost/test/unit_test.hpp>

#include "broker/dispatcher.hpp"
#include "support/example_messages.hpp"

using namespace facebus;
using namespace facebus::broker;
using std::chrono::seconds;
using wire::Decision;
using Admission = Dispatcher::Admission;

namespace {

const Dispatcher::Time start{};

wire::Probe probe(const std::string& track, int number) {
    auto message = examples::probe();
    message.track = track;
    message.probe = track + "/" + std::to_string(number);
    return message;
}

wire::Identity identity(const wire::Probe& of, Decision decision = Decision::unknown,
                        const std::string& subject = {}) {
    auto message = examples::minimal(examples::identity());
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

    /// Returns the next assignment as "PROBE>WORKER", or an empty string if there is none.
    std::string next() {
        const auto assignment = dispatcher.next();
        return assignment ? assignment->probe.probe + ">" + assignment->worker : "";
    }

    Dispatcher dispatcher;
};

}  // namespace

BOOST_AUTO_TEST_CASE(sends_no_probe_without_credit) {
    Broker broker;
    broker.admit(probe("t", 1));
    BOOST_TEST(broker.next() == "");
    broker.dispatcher.credit("w", 1, start);
    BOOST_TEST(broker.next() == "t/1>w");
    BOOST_TEST(broker.next() == "");
    BOOST_TEST(broker.dispatcher.in_flight() == 1U);
}

BOOST_AUTO_TEST_CASE(prefers_the_worker_with_the_most_credit_and_exceeds_no_credit) {
    Broker broker;
    broker.dispatcher.credit("busy", 1, start);
    broker.dispatcher.credit("free", 2, start);
    for (const char* track : {"a", "b", "c", "d"}) broker.admit(probe(track, 1));
    BOOST_TEST(broker.next() == "a/1>free");
    int to_free = 1;
    for (int i = 0; i < 2; ++i) to_free += broker.next().ends_with(">free") ? 1 : 0;
    BOOST_TEST(to_free == 2);
    BOOST_TEST(broker.next() == "");
}

BOOST_AUTO_TEST_CASE(sends_the_probes_of_a_track_one_at_a_time_and_in_order) {
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

BOOST_AUTO_TEST_CASE(reports_the_edge_that_sent_a_completed_probe) {
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

BOOST_AUTO_TEST_CASE(processes_a_repeated_probe_once) {
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

BOOST_AUTO_TEST_CASE(rejects_probes_while_the_queue_is_full) {
    Broker broker({.queue = 1});
    broker.dispatcher.credit("w", 8, start);
    BOOST_TEST((broker.admit(probe("a", 1)) == Admission::queued));
    BOOST_TEST((broker.admit(probe("b", 1)) == Admission::full));
    broker.next();
    BOOST_TEST((broker.admit(probe("b", 1)) == Admission::queued));
}

BOOST_AUTO_TEST_CASE(resends_a_probe_of_a_lost_worker_before_later_probes_of_its_track) {
    Broker broker({.worker_timeout = seconds(5)});
    broker.dispatcher.credit("lost", 8, start);
    broker.admit(probe("t", 1));
    broker.admit(probe("t", 2));
    BOOST_TEST(broker.next() == "t/1>lost");
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

BOOST_AUTO_TEST_CASE(ignores_a_second_result_of_a_probe) {
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

BOOST_AUTO_TEST_CASE(dead_letters_a_probe_after_too_many_lost_workers_and_continues_its_track) {
    Broker broker({.max_attempts = 3});
    broker.admit(probe("t", 1));
    broker.admit(probe("t", 2));
    std::vector<Dispatcher::Completed> dead_lettered;
    for (const char* worker : {"w1", "w2", "w3"}) {
        BOOST_TEST(dead_lettered.empty());
        broker.dispatcher.credit(worker, 8, start);
        BOOST_TEST(broker.next() == std::string("t/1>") + worker);
        dead_lettered = broker.dispatcher.drop_worker(worker);
    }
    BOOST_REQUIRE(dead_lettered.size() == 1U);
    BOOST_TEST(dead_lettered[0].edge == "edge");
    BOOST_REQUIRE(dead_lettered[0].publish);
    BOOST_TEST((dead_lettered[0].publish->decision == Decision::error));
    BOOST_TEST(dead_lettered[0].publish->reason->find("3 workers") != std::string::npos);
    BOOST_TEST((broker.admit(probe("t", 1)) == Admission::completed));
    broker.dispatcher.credit("w4", 8, start);
    BOOST_TEST(broker.next() == "t/2>w4");
}

BOOST_AUTO_TEST_CASE(does_not_count_a_failed_delivery_as_an_attempt) {
    Broker broker({.max_attempts = 1});
    broker.admit(probe("t", 1));
    for (const char* worker : {"w1", "w2"}) {
        broker.dispatcher.credit(worker, 8, start);
        const auto assignment = broker.dispatcher.next();
        BOOST_REQUIRE(assignment);
        BOOST_TEST(assignment->worker == worker);
        BOOST_TEST(broker.dispatcher.undelivered(*assignment).empty());
        BOOST_TEST(broker.dispatcher.workers() == 0U);
        BOOST_TEST(broker.dispatcher.queued() == 1U);
    }
    broker.dispatcher.credit("w3", 8, start);
    BOOST_TEST(broker.next() == "t/1>w3");
    BOOST_TEST(broker.dispatcher.drop_worker("w3").size() == 1U);
}

BOOST_AUTO_TEST_CASE(publishes_a_result_only_if_the_decision_changes) {
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

/// Completes one probe per word in `decisions`: with that decision, or as a probe of an ignored
/// person if the word is "ignored". Returns one word per probe: the published decision, "retracted"
/// if a retraction is published, or "-" if nothing is published.
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
            out.emplace_back(ignored ? "retracted" : to_string(completed->publish->decision));
        }
    }
    return out;
}

using Strings = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(publishes_nothing_about_an_ignored_person) {
    Broker broker;
    BOOST_TEST(published(broker, {"ignored", "ignored"}) == Strings({"-", "-"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(retracts_an_earlier_result_of_an_ignored_person_once) {
    Broker broker;
    const Strings decisions{"unknown", "ignored", "ignored", "unknown", "unknown", "ignored"};
    const Strings expected{"unknown", "retracted", "-", "unknown", "-", "retracted"};
    BOOST_TEST(published(broker, decisions) == expected, boost::test_tools::per_element());
    BOOST_TEST(published(broker, {"undecided", "ignored", "known"}, "u") ==
                   Strings({"undecided", "retracted", "known"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(
    remembers_the_decision_about_an_ended_track_until_its_last_probe_is_completed) {
    Broker broker;
    broker.dispatcher.credit("w", 8, start);
    for (int number : {1, 2, 3}) broker.admit(probe("t", number));
    const auto publishes_result = [&](int number) {
        broker.next();
        return broker.dispatcher.complete(identity(probe("t", number)), start)->publish.has_value();
    };
    BOOST_TEST(publishes_result(1));
    broker.dispatcher.forget_track("t");  // two probes wait
    BOOST_TEST(!publishes_result(2));
    broker.next();
    broker.dispatcher.forget_track("t");  // one probe is in flight
    BOOST_TEST(!publishes_result(3));
    broker.admit(probe("t", 4));
    BOOST_TEST(publishes_result(4));
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
