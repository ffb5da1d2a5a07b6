// Tests of Outbox: the order, retransmission and dropping of messages.
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

void add_closing_event(Outbox& outbox, const std::string& ref, const std::string& group) {
    outbox.add(ref, group, message(ref), Outbox::Kind::closing);
}

/// Sends all entries that are due at `now` and returns their topics in order.
std::string send_all(Outbox& outbox, Outbox::Time now) {
    std::string sent;
    while (const auto* due = outbox.next_to_send(now)) {
        sent += due->topic + " ";
        outbox.mark_sent(now);
    }
    return sent;
}

}  // namespace

BOOST_AUTO_TEST_CASE(sends_messages_in_order_and_not_again_before_the_resend_time) {
    Outbox outbox({.resend = seconds(3)});
    add_probe(outbox, "a");
    add_probe(outbox, "b");
    BOOST_TEST(send_all(outbox, start) == "a b ");
    BOOST_TEST(send_all(outbox, start + seconds(2)) == "");
}

BOOST_AUTO_TEST_CASE(resends_unacknowledged_messages) {
    Outbox outbox({.resend = seconds(3)});
    add_probe(outbox, "a");
    add_probe(outbox, "b");
    send_all(outbox, start);
    outbox.acknowledge("a");
    BOOST_TEST(send_all(outbox, start + seconds(3)) == "b ");
    BOOST_TEST(outbox.size() == 1U);
}

BOOST_AUTO_TEST_CASE(reports_which_messages_are_retransmissions_of_a_probe) {
    Outbox outbox({.resend = seconds(3)});
    const auto send = [&](Outbox::Time now) {
        outbox.next_to_send(now);
        return outbox.mark_sent(now);
    };
    add_probe(outbox, "a");
    BOOST_TEST(!send(start));
    BOOST_TEST(send(start + seconds(3)));
    BOOST_TEST(send(start + seconds(6)));
    outbox.acknowledge("a");
    outbox.add("event", "door/7/", message("event"), Outbox::Kind::event);
    BOOST_TEST(!send(start));
    BOOST_TEST(!send(start + seconds(3)));
}

BOOST_AUTO_TEST_CASE(message_stays_due_until_marked_as_sent) {
    Outbox outbox({.resend = seconds(3)});
    add_probe(outbox, "a");
    BOOST_TEST(outbox.next_to_send(start) != nullptr);
    BOOST_TEST(outbox.next_to_send(start) != nullptr);
    BOOST_REQUIRE(outbox.next_due());
    BOOST_TEST((*outbox.next_due() <= start));
}

BOOST_AUTO_TEST_CASE(ignores_repeated_and_unknown_acknowledgements) {
    Outbox outbox({});
    add_probe(outbox, "a");
    add_probe(outbox, "b");
    outbox.acknowledge("a");
    outbox.acknowledge("a");
    outbox.acknowledge("never sent");
    BOOST_TEST(outbox.size() == 1U);
}

BOOST_AUTO_TEST_CASE(end_of_a_track_is_sent_only_after_its_probes_are_acknowledged) {
    Outbox outbox({.resend = seconds(3)});
    add_probe(outbox, "probe");
    add_closing_event(outbox, "ended", "door/7/");
    BOOST_TEST(send_all(outbox, start) == "probe ");
    outbox.acknowledge("probe");
    BOOST_TEST(send_all(outbox, start) == "ended ");
}

BOOST_AUTO_TEST_CASE(end_of_a_track_does_not_wait_for_a_track_whose_id_begins_with_its_id) {
    Outbox outbox({});
    outbox.add("other", "door/71/", message("other"), Outbox::Kind::probe);
    add_closing_event(outbox, "ended", "door/7/");
    BOOST_TEST(send_all(outbox, start) == "other ended ");
}

BOOST_AUTO_TEST_CASE(end_of_stream_waits_only_for_entries_of_its_camera) {
    Outbox outbox({});
    add_probe(outbox, "probe");
    add_closing_event(outbox, "ended", "door/7/");
    add_closing_event(outbox, "end", "door/");
    outbox.add("elsewhere", "gate/1/", message("elsewhere"), Outbox::Kind::probe);
    BOOST_TEST(send_all(outbox, start) == "probe elsewhere ");
    outbox.acknowledge("probe");
    BOOST_TEST(send_all(outbox, start) == "ended ");
    outbox.acknowledge("ended");
    BOOST_TEST(send_all(outbox, start) == "end ");
}

BOOST_AUTO_TEST_CASE(full_outbox_drops_the_oldest_probe_and_keeps_events) {
    Outbox outbox({.capacity = 3});
    add_closing_event(outbox, "ended", "door/6/");
    add_probe(outbox, "old");
    BOOST_TEST(!outbox.drop_oldest_if_full());
    add_probe(outbox, "new");
    BOOST_TEST(outbox.full());
    BOOST_TEST((outbox.drop_oldest_if_full() == Outbox::Kind::probe));
    BOOST_TEST(send_all(outbox, start) == "ended new ");
}

BOOST_AUTO_TEST_CASE(outbox_full_of_events_drops_and_reports_the_oldest) {
    Outbox outbox({.capacity = 2});
    add_closing_event(outbox, "ended", "door/6/");
    outbox.add("started", "door/7/", message("started"), Outbox::Kind::event);
    BOOST_TEST((outbox.drop_oldest_if_full() == Outbox::Kind::closing));
    BOOST_TEST(send_all(outbox, start) == "started ");
}

BOOST_AUTO_TEST_CASE(acknowledge_returns_the_kind_of_the_entry_once) {
    Outbox outbox({});
    add_probe(outbox, "a");
    BOOST_TEST((outbox.acknowledge("a") == Outbox::Kind::probe));
    BOOST_TEST(!outbox.acknowledge("a"));
}

BOOST_AUTO_TEST_CASE(empty_outbox_has_nothing_to_send) {
    Outbox outbox({});
    BOOST_TEST(!outbox.next_due());
    BOOST_TEST(outbox.next_to_send(start) == nullptr);
}
