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

    Admission admit(const wire::Probe& message, const std::string& edge = "edge") {
        return dispatcher.admit({.edge = edge, .peer = edge + "-peer"}, message, Bytes(), start);
    }

    /// Returns the next assignment as "PROBE>WORKER", or an empty string if there is none.
    std::string next(Dispatcher::Time now = start) {
        last = dispatcher.next(now);
        return last ? last->probe.probe + ">" + last->worker : "";
    }

    /// Completes a probe with a result of `worker`, which need not be the worker that the probe was
    /// assigned to.
    std::optional<Dispatcher::Completed> complete(const wire::Probe& of,
                                                  Decision decision = Decision::unknown,
                                                  const std::string& subject = {},
                                                  const std::string& worker = "w",
                                                  Dispatcher::Time now = start) {
        auto message = of;
        message.track = scoped_id("edge", of.track);  // as the worker received it
        return dispatcher.complete(worker, identity(message, decision, subject), now);
    }

    Dispatcher dispatcher;
    std::optional<Dispatcher::Assignment> last;  ///< what next() returned
};

/// Returns the failed workers as "NAME:REASON:PROBE:PROBE", sorted.
std::vector<std::string> workers(const Dispatcher::Failures& failures) {
    std::vector<std::string> out;
    for (const auto& worker : failures.workers) {
        auto line = worker.name + ":" + std::string(wire::to_string(worker.reason));
        for (const auto& probe : worker.probes) line += ":" + probe;
        out.push_back(line);
    }
    std::ranges::sort(out);
    return out;
}

using Strings = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(neither_queues_nor_acknowledges_a_repeated_probe_until_its_result_is_stored) {
    Broker broker;
    broker.dispatcher.credit("w", 8, start);
    const auto message = probe("t", 1);
    broker.admit(message);
    broker.next();
    const auto completed = broker.complete(message).value();
    BOOST_TEST(broker.dispatcher.await_storage(completed));
    BOOST_TEST(broker.dispatcher.unstored() == 1U);
    BOOST_TEST((broker.dispatcher.admit({.edge = "edge", .peer = "reconnected"}, message, Bytes(),
                                        start) == Admission::unstored));
    BOOST_TEST(broker.dispatcher.queued() == 0U);
    const auto stored = broker.dispatcher.stored(completed.track_key, completed.probe).value();
    BOOST_TEST(stored.peer == "reconnected");
    BOOST_TEST(stored.probe == "t/1");
    BOOST_TEST(broker.dispatcher.unstored() == 0U);
    BOOST_TEST((broker.admit(message) == Admission::completed));
    BOOST_TEST(!broker.dispatcher.stored(completed.track_key, completed.probe));
}

BOOST_AUTO_TEST_CASE(processes_a_probe_again_if_its_result_could_not_wait_to_be_stored) {
    Broker broker({.unstored = 1});
    broker.dispatcher.credit("w", 8, start);
    std::vector<Dispatcher::Completed> completed;
    for (const char* track : {"a", "b"}) {
        broker.admit(probe(track, 1));
        broker.next();
        completed.push_back(broker.complete(probe(track, 1)).value());
    }
    BOOST_TEST(broker.dispatcher.await_storage(completed[0]));
    BOOST_TEST(!broker.dispatcher.await_storage(completed[1]));
    // While no result can wait, processing the probe again would be in vain.
    BOOST_TEST((broker.admit(probe("b", 1)) == Admission::unstored));
    broker.dispatcher.stored(completed[0].track_key, completed[0].probe);
    BOOST_TEST((broker.admit(probe("b", 1)) == Admission::queued));
    BOOST_TEST(broker.next() == "b/1>w");
    // Its result is published again, although the decision is the same.
    const auto again = broker.complete(probe("b", 1)).value();
    BOOST_REQUIRE(again.publish);
    BOOST_TEST(broker.dispatcher.await_storage(again));
}

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
    broker.complete(probe("a", 1));
    BOOST_TEST(broker.next() == "a/2>w");
}

BOOST_AUTO_TEST_CASE(reports_the_edge_that_sent_a_completed_probe) {
    Broker broker;
    broker.dispatcher.credit("w", 1, start);
    broker.admit(probe("t", 1));
    broker.next();
    const auto completed = broker.complete(probe("t", 1));
    BOOST_REQUIRE(completed);
    BOOST_TEST(completed->peer == "edge-peer");
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
    broker.complete(probe("t", 1));
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
    BOOST_TEST(broker.dispatcher.expire(start + seconds(5)).workers.empty());
    BOOST_TEST(broker.dispatcher.workers() == 1U);
    BOOST_TEST(
        workers(broker.dispatcher.expire(start + seconds(6))) == Strings({"lost:unresponsive:t/1"}),
        boost::test_tools::per_element());
    BOOST_TEST(broker.dispatcher.workers() == 0U);
    broker.dispatcher.credit("alive", 8, start + seconds(6));
    BOOST_TEST(broker.next() == "t/1>alive");
    BOOST_TEST(broker.next() == "");
    broker.complete(probe("t", 1));
    BOOST_TEST(broker.next() == "t/2>alive");
}

BOOST_AUTO_TEST_CASE(ignores_a_second_result_of_a_probe) {
    Broker broker;
    broker.dispatcher.credit("slow", 8, start);
    broker.admit(probe("t", 1));
    broker.next();
    broker.dispatcher.drop_worker("slow", Failure::disconnected);
    broker.dispatcher.credit("other", 8, start);
    BOOST_TEST(broker.next() == "t/1>other");
    BOOST_TEST(broker.complete(probe("t", 1)).has_value());
    BOOST_TEST(!broker.complete(probe("t", 1)).has_value());
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
        dead_lettered = broker.dispatcher.drop_worker(worker, Failure::disconnected).dead_lettered;
    }
    BOOST_REQUIRE(dead_lettered.size() == 1U);
    BOOST_TEST(dead_lettered[0].peer == "edge-peer");
    BOOST_REQUIRE(dead_lettered[0].publish);
    BOOST_TEST((dead_lettered[0].publish->decision == Decision::error));
    BOOST_TEST(dead_lettered[0].publish->reason->find("3 attempts") != std::string::npos);
    BOOST_TEST(dead_lettered[0].publish->attempts.value() ==
                   Strings({"disconnected", "disconnected", "disconnected"}),
               boost::test_tools::per_element());
    BOOST_TEST(dead_lettered[0].publish->track == "t");
    BOOST_TEST((broker.admit(probe("t", 1)) == Admission::completed));
    broker.dispatcher.credit("w4", 8, start);
    BOOST_TEST(broker.next() == "t/2>w4");
}

BOOST_AUTO_TEST_CASE(does_not_count_a_failed_delivery_as_an_attempt) {
    Broker broker({.max_attempts = 1});
    broker.admit(probe("t", 1));
    for (const char* worker : {"w1", "w2"}) {
        broker.dispatcher.credit(worker, 8, start);
        const auto assignment = broker.dispatcher.next(start);
        BOOST_REQUIRE(assignment);
        BOOST_TEST(assignment->worker == worker);
        BOOST_TEST(broker.dispatcher.undelivered(*assignment).dead_lettered.empty());
        BOOST_TEST(broker.dispatcher.workers() == 0U);
        BOOST_TEST(broker.dispatcher.queued() == 1U);
    }
    broker.dispatcher.credit("w3", 8, start);
    BOOST_TEST(broker.next() == "t/1>w3");
    BOOST_TEST(broker.dispatcher.drop_worker("w3", Failure::disconnected).dead_lettered.size() ==
               1U);
}

BOOST_AUTO_TEST_CASE(publishes_a_result_only_if_the_decision_changes) {
    Broker broker;
    broker.dispatcher.credit("w", 100, start);
    const auto published = [&](int number, Decision decision, const std::string& subject = {}) {
        broker.admit(probe("t", number));
        broker.next();
        const auto completed = broker.complete(probe("t", number), decision, subject);
        return completed && completed->publish.has_value();
    };
    BOOST_TEST(published(1, Decision::undecided));
    BOOST_TEST(!published(2, Decision::undecided));
    BOOST_TEST(published(3, Decision::known, "ada"));
    BOOST_TEST(!published(4, Decision::known, "ada"));
    BOOST_TEST(published(5, Decision::known, "grace"));
    BOOST_TEST(published(6, Decision::unknown));
    broker.dispatcher.forget_track("edge", "t");
    BOOST_TEST(published(7, Decision::unknown));
}

BOOST_AUTO_TEST_CASE(publishes_an_undecided_result_that_becomes_ambiguous_once_per_pair) {
    Broker broker;
    int number = 0;
    const auto published = [&](const std::string& best, const std::string& second) {
        broker.dispatcher.credit("w", 1, start);
        broker.admit(probe("t", ++number));
        broker.next();
        auto message = identity(broker.last.value().probe, Decision::undecided);
        if (!best.empty()) message.best = {best, best, 0.71};
        message.runner_up = {second, second, 0.7};
        const auto completed = broker.dispatcher.complete("w", std::move(message), start);
        return completed && completed->publish.has_value();
    };
    BOOST_TEST(published("", "grace"));
    BOOST_TEST(published("ada", "grace"));
    BOOST_TEST(!published("grace", "ada"));
    BOOST_TEST(published("ada", "mary"));
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
        auto message = identity(broker.last.value().probe, Decision::undecided);
        if (decision == "ignored") {
            message.ignored = true;
        } else {
            message.decision = wire::from_string<Decision>(decision).value();
            if (decision == "known") message.subject_id = message.subject = "anna";
        }
        const auto completed = broker.dispatcher.complete("w", std::move(message), start);
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
        return broker.complete(probe("t", number))->publish.has_value();
    };
    BOOST_TEST(publishes_result(1));
    broker.dispatcher.forget_track("edge", "t");  // two probes wait
    BOOST_TEST(!publishes_result(2));
    broker.next();
    broker.dispatcher.forget_track("edge", "t");  // one probe is in flight
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

BOOST_AUTO_TEST_CASE(recent_ids_keep_an_id_that_was_removed_and_added_again) {
    RecentIds ids(2);
    ids.add("a");
    BOOST_TEST(ids.remove("a"));
    BOOST_TEST(!ids.remove("a"));
    ids.add("a");
    ids.add("b");
    BOOST_TEST(ids.contains("a"));
    BOOST_TEST(ids.contains("b"));
}

// ---- edges

BOOST_AUTO_TEST_CASE(the_same_ids_from_two_edges_are_two_probes) {
    Broker broker;
    broker.dispatcher.credit("w", 8, start);
    // Edge "a" sends an id of edge "b" before "b" does.
    BOOST_TEST((broker.admit(probe("t", 1), "a") == Admission::queued));
    BOOST_TEST((broker.admit(probe("t", 1), "b") == Admission::queued));
    broker.next();
    const auto first = broker.last.value().probe;
    broker.next();
    const auto second = broker.last.value().probe;
    // Workers store the probes of a track by its id, so they must see two tracks.
    BOOST_TEST(first.track != second.track);
    BOOST_TEST(first.probe == second.probe);
    // Each edge gets its own acknowledgement, and the decision about the track of one edge does not
    // suppress the same decision about the track of the other.
    for (const auto& [sent, peer] : {std::pair(first, "a-peer"), std::pair(second, "b-peer")}) {
        const auto completed =
            broker.dispatcher.complete("w", identity(sent, Decision::unknown), start);
        BOOST_REQUIRE(completed);
        BOOST_TEST(completed->peer == peer);
        BOOST_TEST(completed->probe == "t/1");
        BOOST_REQUIRE(completed->publish);
        BOOST_TEST(completed->publish->track == "t");
        BOOST_TEST(completed->publish->probe == "t/1");
    }
}

BOOST_AUTO_TEST_CASE(an_edge_cannot_end_the_track_of_another) {
    Broker broker;
    broker.dispatcher.credit("w", 8, start);
    const auto publishes = [&](int number) {
        broker.admit(probe("t", number));
        broker.next();
        return broker.complete(probe("t", number))->publish.has_value();
    };
    BOOST_TEST(publishes(1));
    broker.dispatcher.forget_track("other", "t");
    BOOST_TEST(!publishes(2));
}

BOOST_AUTO_TEST_CASE(acknowledges_to_the_connection_that_sent_the_latest_copy_of_a_probe) {
    Broker broker;
    broker.dispatcher.credit("w", 8, start);
    broker.admit(probe("t", 1));
    const Dispatcher::Sender reconnected{.edge = "edge", .peer = "new peer"};
    BOOST_TEST((broker.dispatcher.admit(reconnected, probe("t", 1), Bytes(), start) ==
                Admission::duplicate));
    broker.next();
    BOOST_TEST(broker.complete(probe("t", 1))->peer == "new peer");
}

BOOST_AUTO_TEST_CASE(edges_take_turns) {
    Broker broker;
    for (int i = 0; i < 100; ++i) broker.admit(probe("ghost-" + std::to_string(i), 1), "flooder");
    broker.admit(probe("door-1", 1), "honest");
    broker.admit(probe("door-2", 1), "honest");
    broker.dispatcher.credit("w", 4, start);
    const Strings expected{"ghost-0/1>w", "door-1/1>w", "ghost-1/1>w", "door-2/1>w", ""};
    for (const auto& probe : expected) BOOST_TEST(broker.next() == probe);
}

BOOST_AUTO_TEST_CASE(a_full_queue_is_shared_equally_by_the_edges_that_need_it) {
    Broker broker({.queue = 10});
    const auto flood = [&](int number) {
        return broker.admit(probe("ghost-" + std::to_string(number), 1), "flooder");
    };
    const auto send = [&](int number) {
        return broker.admit(probe("door-" + std::to_string(number), 1), "honest");
    };
    for (int i = 0; i < 10; ++i) BOOST_TEST((flood(i) == Admission::queued));
    BOOST_TEST((flood(10) == Admission::full));
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST((send(i) == Admission::replaced));
        BOOST_TEST((flood(10 + i) == Admission::full));
    }
    BOOST_TEST((send(5) == Admission::full));
    BOOST_TEST(broker.dispatcher.queued() == 10U);
    // The last probes of the flooder were replaced. It can send them again when there is room.
    broker.dispatcher.credit("w", 10, start);
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(broker.next() == "ghost-" + std::to_string(i) + "/1>w");
        BOOST_TEST(broker.next() == "door-" + std::to_string(i) + "/1>w");
    }
    BOOST_TEST((flood(9) == Admission::queued));
}

BOOST_AUTO_TEST_CASE(worker_that_returns_after_its_probe_was_replaced_gets_probes_again) {
    Broker broker({.queue = 2});
    broker.admit(probe("a", 1), "flooder");
    broker.admit(probe("b", 1), "flooder");
    broker.dispatcher.credit("w", 1, start);
    BOOST_TEST(broker.next() == "a/1>w");
    broker.admit(probe("c", 1), "flooder");
    // The worker is lost, so its probe is queued again. Another edge needs the place.
    broker.dispatcher.expire(start + seconds(6));
    BOOST_TEST((broker.admit(probe("d", 1), "honest") == Admission::replaced));
    broker.dispatcher.credit("w", 1, start + seconds(7));
    BOOST_TEST(!broker.next(start + seconds(7)).empty());
    BOOST_TEST(broker.dispatcher.expire(start + seconds(31)).dead_lettered.empty());
}

BOOST_AUTO_TEST_CASE(a_worker_cannot_assign_a_result_to_another_camera) {
    Broker broker;
    broker.dispatcher.credit("w", 1, start);
    broker.admit(probe("t", 1));
    broker.next();
    auto answer = identity(broker.last.value().probe);
    answer.head.src = "ghost";
    BOOST_TEST(broker.dispatcher.complete("w", answer, start)->publish->head.src == "door");
}

// ---- workers that do not answer

BOOST_AUTO_TEST_CASE(a_worker_never_has_more_probes_in_flight_than_the_limit) {
    Broker broker;
    for (int i = 0; i < 200; ++i) broker.admit(probe("t" + std::to_string(i), 1));
    std::size_t held = 0;
    // Credit is in addition to the probes in flight, so repeating it must not raise the limit.
    for (int i = 0; i < 3; ++i) {
        broker.dispatcher.credit("greedy", 4096, start);
        while (!broker.next().empty()) ++held;
    }
    BOOST_TEST(held == Dispatcher::max_held);
    broker.dispatcher.credit("honest", 8, start);
    BOOST_TEST(broker.next().ends_with(">honest"));
}

BOOST_AUTO_TEST_CASE(a_worker_that_only_sends_heartbeats_gets_no_more_probes_until_it_answers) {
    Broker broker({.probe_timeout = seconds(30)});
    for (const char* track : {"a", "b", "c"}) broker.admit(probe(track, 1));
    broker.dispatcher.credit("stalled", 1, start);
    BOOST_TEST(broker.next() == "a/1>stalled");
    for (int second = 1; second < 30; ++second) {
        broker.dispatcher.credit("stalled", 0, start + seconds(second));
        BOOST_TEST(broker.dispatcher.expire(start + seconds(second)).workers.empty());
    }
    const auto late = start + seconds(30);
    broker.dispatcher.credit("stalled", 8, late);
    BOOST_TEST(workers(broker.dispatcher.expire(late)) == Strings({"stalled:timeout:a/1"}),
               boost::test_tools::per_element());
    BOOST_TEST(broker.dispatcher.redelivered(Failure::timeout) == 1U);
    BOOST_TEST(broker.dispatcher.stalled() == 1U);
    BOOST_TEST(broker.dispatcher.workers() == 0U);
    BOOST_TEST(broker.next(late) == "");
    broker.dispatcher.credit("other", 3, late);
    BOOST_TEST(broker.next(late) == "b/1>other");
    BOOST_TEST(broker.next(late) == "c/1>other");
    BOOST_TEST(broker.next(late) == "a/1>other");
    BOOST_TEST(broker.complete(probe("a", 1), Decision::unknown, "", "other", late).has_value());

    // Any answer, even to a completed probe, shows that the worker works again. Neither a heartbeat
    // nor a pause of 20 s does.
    const auto later = late + seconds(20);
    broker.dispatcher.expire(later);
    broker.dispatcher.credit("stalled", 8, later);
    broker.admit(probe("d", 1));
    BOOST_TEST(broker.next(later) == "");
    BOOST_TEST(
        !broker.complete(probe("a", 1), Decision::unknown, "", "stalled", later).has_value());
    BOOST_TEST(broker.next(later) != "");
}

BOOST_AUTO_TEST_CASE(accepts_the_late_result_of_a_probe_that_was_queued_again) {
    Broker broker;
    broker.dispatcher.credit("slow", 1, start);
    broker.admit(probe("t", 1));
    broker.admit(probe("t", 2));
    broker.next();
    broker.dispatcher.expire(start + seconds(6));
    BOOST_TEST(broker.dispatcher.queued() == 2U);
    const auto completed =
        broker.complete(probe("t", 1), Decision::unknown, "", "slow", start + seconds(7));
    BOOST_REQUIRE(completed);
    BOOST_TEST(completed->publish.has_value());
    BOOST_TEST((broker.admit(probe("t", 1)) == Admission::completed));
    broker.dispatcher.credit("w", 8, start + seconds(7));
    BOOST_TEST(broker.next(start + seconds(7)) == "t/2>w");
    BOOST_TEST(broker.next(start + seconds(7)) == "");
}

BOOST_AUTO_TEST_CASE(accepts_the_late_result_of_a_probe_that_is_in_flight_to_another_worker) {
    Broker broker;
    broker.dispatcher.credit("slow", 1, start);
    broker.admit(probe("t", 1));
    broker.next();
    broker.dispatcher.expire(start + seconds(6));
    broker.dispatcher.credit("other", 1, start + seconds(6));
    BOOST_TEST(broker.next(start + seconds(6)) == "t/1>other");
    BOOST_TEST(broker.complete(probe("t", 1), Decision::unknown, "", "slow", start + seconds(8))
                   .has_value());
    // The result shows that "slow" is alive. It says nothing about "other".
    BOOST_TEST(
        workers(broker.dispatcher.expire(start + seconds(12))) == Strings({"other:unresponsive"}),
        boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_paused_worker_never_causes_a_dead_letter) {
    Broker broker({.max_attempts = 3});
    broker.admit(probe("t", 1));
    auto now = start;
    // The only worker is paused for 6 s again and again.
    for (int round = 0; round < 20; ++round) {
        broker.dispatcher.credit("w", 8, now);
        BOOST_TEST(broker.next(now) == "t/1>w");
        now += seconds(6);
        const auto failures = broker.dispatcher.expire(now);
        BOOST_TEST(failures.dead_lettered.empty());
        BOOST_TEST(failures.workers.size() == 1U);
    }
    BOOST_TEST(broker.dispatcher.redelivered(Failure::unresponsive) == 20U);
    BOOST_TEST(broker.complete(probe("t", 1), Decision::unknown, "", "w", now).has_value());
}

BOOST_AUTO_TEST_CASE(dead_letters_a_probe_whose_workers_never_return) {
    Broker broker({.worker_timeout = seconds(5), .probe_timeout = seconds(30), .max_attempts = 2});
    broker.admit(probe("t", 1));
    auto now = start;
    for (const char* worker : {"w1", "w2"}) {
        broker.dispatcher.credit(worker, 8, now);
        BOOST_TEST(broker.next(now) == std::string("t/1>") + worker);
        now += seconds(6);
        BOOST_TEST(broker.dispatcher.expire(now).dead_lettered.empty());
    }
    // The probe may have crashed two workers, so no third worker gets it.
    broker.dispatcher.credit("w3", 8, now);
    BOOST_TEST(broker.next(now) == "");
    BOOST_TEST(broker.dispatcher.in_flight() == 1U);
    BOOST_TEST(broker.dispatcher.expire(start + seconds(30)).dead_lettered.empty());
    const auto failures = broker.dispatcher.expire(start + seconds(36));
    BOOST_REQUIRE(failures.dead_lettered.size() == 1U);
    BOOST_TEST(failures.dead_lettered[0].publish->attempts.value() ==
                   Strings({"unresponsive", "unresponsive"}),
               boost::test_tools::per_element());
    BOOST_TEST(broker.dispatcher.in_flight() == 0U);
}

BOOST_AUTO_TEST_CASE(sends_a_held_back_probe_again_if_one_of_its_workers_returns) {
    Broker broker({.max_attempts = 1});
    broker.admit(probe("t", 1));
    broker.dispatcher.credit("w", 8, start);
    broker.next();
    broker.dispatcher.expire(start + seconds(6));
    BOOST_TEST(broker.dispatcher.queued() == 0U);
    broker.dispatcher.credit("w", 8, start + seconds(7));
    BOOST_TEST(broker.next(start + seconds(7)) == "t/1>w");
}

BOOST_AUTO_TEST_CASE(dead_lettering_a_probe_releases_the_workers_that_it_stalled) {
    Broker broker({.probe_timeout = seconds(30), .max_attempts = 2});
    broker.admit(probe("t", 1));
    auto now = start;
    std::vector<Dispatcher::Completed> dead_lettered;
    for (const char* worker : {"w1", "w2"}) {
        broker.dispatcher.credit(worker, 8, now);
        BOOST_TEST(broker.next(now) == std::string("t/1>") + worker);
        now += seconds(30);
        for (const char* alive : {"w1", "w2"}) broker.dispatcher.credit(alive, 0, now);
        dead_lettered = broker.dispatcher.expire(now).dead_lettered;
    }
    BOOST_REQUIRE(dead_lettered.size() == 1U);
    BOOST_TEST(dead_lettered[0].publish->attempts.value() == Strings({"timeout", "timeout"}),
               boost::test_tools::per_element());
    BOOST_TEST(broker.dispatcher.stalled() == 0U);
    BOOST_TEST(broker.dispatcher.workers() == 2U);
}

BOOST_AUTO_TEST_CASE(reports_the_age_of_the_oldest_probe_that_is_not_completed) {
    Broker broker;
    BOOST_TEST((broker.dispatcher.oldest(start) == seconds(0)));
    broker.dispatcher.credit("w", 8, start);
    broker.admit(probe("t", 1));
    broker.next();
    BOOST_TEST((broker.dispatcher.oldest(start + seconds(3)) == seconds(3)));
    broker.complete(probe("t", 1));
    BOOST_TEST((broker.dispatcher.oldest(start + seconds(3)) == seconds(0)));
}

BOOST_AUTO_TEST_CASE(gallery_is_stale_while_any_responsive_worker_reports_a_stale_copy) {
    Broker broker;
    BOOST_TEST(!broker.dispatcher.gallery_stale());
    broker.dispatcher.credit("stale", 1, start, {}, true);
    broker.dispatcher.credit("current", 1, start + seconds(3), {}, false);
    BOOST_TEST(broker.dispatcher.gallery_stale());
    // The worker with the stale copy becomes unresponsive.
    broker.dispatcher.expire(start + seconds(6));
    BOOST_TEST(!broker.dispatcher.gallery_stale());
    broker.dispatcher.credit("stale", 1, start + seconds(7), {}, true);
    BOOST_TEST(broker.dispatcher.gallery_stale());
    broker.dispatcher.credit("stale", 1, start + seconds(8), {}, false);
    BOOST_TEST(!broker.dispatcher.gallery_stale());
}
