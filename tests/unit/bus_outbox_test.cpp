#include <boost/test/unit_test.hpp>

#include "bus/outbox.hpp"

using namespace facebus;
using bus::Outbox;
using std::chrono::seconds;

namespace {

const Outbox::Time start{};

bus::Message message(const std::string& text) {
    return {text, "", Bytes()};
}

void add_probe(Outbox& outbox, const std::string& ref) {
    outbox.add(ref, "door/7/", message(ref), Outbox::Kind::probe);
}

void add_event(Outbox& outbox, const std::string& ref, const std::string& group) {
    outbox.add(ref, group, message(ref), Outbox::Kind::closing);
}

/// Sends everything that is due at that time; the topics in their order.
std::string send_all(Outbox& outbox, Outbox::Time now) {
    std::string sent;
    while (const auto* due = outbox.due(now)) {
        sent += due->topic + " ";
        outbox.sent(now);
    }
    return sent;
}

}  // namespace

BOOST_AUTO_TEST_CASE(messages_leave_once_and_in_order) {
    Outbox outbox({.resend = seconds(3)});
    add_probe(outbox, "a");
    add_probe(outbox, "b");
    BOOST_TEST(send_all(outbox, start) == "a b ");
    BOOST_TEST(send_all(outbox, start + seconds(2)) == "");
}

BOOST_AUTO_TEST_CASE(what_is_not_acknowledged_is_sent_again) {
    Outbox outbox({.resend = seconds(3)});
    add_probe(outbox, "a");
    add_probe(outbox, "b");
    send_all(outbox, start);
    outbox.acknowledge("a");
    BOOST_TEST(send_all(outbox, start + seconds(3)) == "b ");
    BOOST_TEST(outbox.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_message_that_the_socket_refused_stays_due) {
    Outbox outbox({.resend = seconds(3)});
    add_probe(outbox, "a");
    BOOST_TEST(outbox.due(start) != nullptr);
    BOOST_TEST(outbox.due(start) != nullptr);
    BOOST_REQUIRE(outbox.next_due());
    BOOST_TEST((*outbox.next_due() <= start));
}

BOOST_AUTO_TEST_CASE(an_acknowledgement_that_comes_twice_changes_nothing) {
    Outbox outbox({});
    add_probe(outbox, "a");
    add_probe(outbox, "b");
    outbox.acknowledge("a");
    outbox.acknowledge("a");
    outbox.acknowledge("never sent");
    BOOST_TEST(outbox.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_track_ends_only_after_its_probes_are_done) {
    Outbox outbox({.resend = seconds(3)});
    add_probe(outbox, "probe");
    add_event(outbox, "ended", "door/7/");
    BOOST_TEST(send_all(outbox, start) == "probe ");
    outbox.acknowledge("probe");
    BOOST_TEST(send_all(outbox, start) == "ended ");
}

BOOST_AUTO_TEST_CASE(a_track_does_not_wait_for_another_whose_name_begins_alike) {
    Outbox outbox({});
    outbox.add("other", "door/71/", message("other"), Outbox::Kind::probe);
    add_event(outbox, "ended", "door/7/");
    BOOST_TEST(send_all(outbox, start) == "other ended ");
}

BOOST_AUTO_TEST_CASE(the_end_of_a_stream_waits_for_all_of_its_camera_and_for_no_other) {
    Outbox outbox({});
    add_probe(outbox, "probe");
    add_event(outbox, "ended", "door/7/");
    add_event(outbox, "end", "door/");
    outbox.add("elsewhere", "gate/1/", message("elsewhere"), Outbox::Kind::probe);
    BOOST_TEST(send_all(outbox, start) == "probe elsewhere ");
    outbox.acknowledge("probe");
    BOOST_TEST(send_all(outbox, start) == "ended ");
    outbox.acknowledge("ended");
    BOOST_TEST(send_all(outbox, start) == "end ");
}

BOOST_AUTO_TEST_CASE(a_full_outbox_drops_its_oldest_probe_and_keeps_the_events) {
    Outbox outbox({.capacity = 3});
    add_event(outbox, "ended", "door/6/");
    add_probe(outbox, "old");
    BOOST_TEST(!outbox.drop_oldest_if_full());
    add_probe(outbox, "new");
    BOOST_TEST(outbox.full());
    BOOST_TEST((outbox.drop_oldest_if_full() == Outbox::Kind::probe));
    BOOST_TEST(send_all(outbox, start) == "ended new ");
}

BOOST_AUTO_TEST_CASE(an_outbox_full_of_events_drops_the_oldest_of_them_and_says_so) {
    Outbox outbox({.capacity = 2});
    add_event(outbox, "ended", "door/6/");
    outbox.add("started", "door/7/", message("started"), Outbox::Kind::event);
    BOOST_TEST((outbox.drop_oldest_if_full() == Outbox::Kind::closing));
    BOOST_TEST(send_all(outbox, start) == "started ");
}

BOOST_AUTO_TEST_CASE(an_acknowledgement_tells_what_was_acknowledged) {
    Outbox outbox({});
    add_probe(outbox, "a");
    BOOST_TEST((outbox.acknowledge("a") == Outbox::Kind::probe));
    BOOST_TEST(!outbox.acknowledge("a"));
}

BOOST_AUTO_TEST_CASE(an_empty_outbox_waits_for_nothing) {
    Outbox outbox({});
    BOOST_TEST(!outbox.next_due());
    BOOST_TEST(outbox.due(start) == nullptr);
}
