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

void add_probe(Outbox& outbox, const std::string& ref, const std::string& group = "door/7/",
               bool live = true) {
    outbox.add(ref, group, message(ref), Outbox::Kind::probe, live);
}

void add_closing_event(Outbox& outbox, const std::string& ref, const std::string& group) {
    outbox.add(ref, group, message(ref), Outbox::Kind::closing, true);
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
    outbox.acknowledge("a", start);
    BOOST_TEST(send_all(outbox, start + seconds(3)) == "b ");
    BOOST_TEST(outbox.size() == 1U);
}

BOOST_AUTO_TEST_CASE(doubles_the_time_between_retransmissions_up_to_a_limit) {
    Outbox outbox({.resend = seconds(3), .max_resend = seconds(10)});
    add_probe(outbox, "a");
    send_all(outbox, start);
    for (const int due : {3, 9, 19, 29}) {
        BOOST_REQUIRE(outbox.next_due());
        BOOST_TEST((*outbox.next_due() == start + seconds(due)), due);
        BOOST_TEST(send_all(outbox, start + seconds(due)) == "a ");
    }
}

BOOST_AUTO_TEST_CASE(returns_to_the_normal_interval_when_the_broker_acknowledges_again) {
    Outbox outbox({.resend = seconds(3), .max_resend = seconds(60)});
    add_probe(outbox, "a");
    add_probe(outbox, "b");
    for (const int due : {0, 3, 9, 21, 45}) send_all(outbox, start + seconds(due));
    outbox.acknowledge("a", start + seconds(46));
    BOOST_TEST(send_all(outbox, start + seconds(48)) == "");
    BOOST_TEST(send_all(outbox, start + seconds(49)) == "b ");
    BOOST_TEST(send_all(outbox, start + seconds(55)) == "b ");
}

BOOST_AUTO_TEST_CASE(frequent_acknowledgements_of_others_do_not_cause_retransmissions) {
    Outbox outbox({.resend = seconds(3), .max_resend = seconds(60)});
    add_probe(outbox, "rejected");
    send_all(outbox, start);
    int sent = 0;
    for (int second = 1; second <= 60; ++second) {
        add_probe(outbox, "other");
        const auto topics = send_all(outbox, start + seconds(second));
        sent += topics.find("rejected") != std::string::npos ? 1 : 0;
        outbox.acknowledge("other", start + seconds(second));
    }
    BOOST_TEST(sent <= 5);
}

BOOST_AUTO_TEST_CASE(keeps_a_published_probe_but_seldom_resends_it) {
    Outbox outbox({.resend = seconds(3), .max_resend = seconds(60)});
    add_probe(outbox, "a");
    send_all(outbox, start);
    outbox.mark_published("a", start + seconds(1));
    BOOST_TEST(outbox.size() == 1U);
    BOOST_TEST(send_all(outbox, start + seconds(60)) == "");
    BOOST_TEST(send_all(outbox, start + seconds(61)) == "a ");
    BOOST_TEST(send_all(outbox, start + seconds(120)) == "");
    BOOST_TEST((outbox.acknowledge("a", start) == Outbox::Kind::probe));
    BOOST_TEST(!outbox.next_due());
}

BOOST_AUTO_TEST_CASE(end_of_a_track_does_not_wait_for_a_published_probe) {
    Outbox outbox({.resend = seconds(3)});
    add_probe(outbox, "first");
    add_probe(outbox, "second");
    add_closing_event(outbox, "ended", "door/7/");
    BOOST_TEST(send_all(outbox, start) == "first second ");
    outbox.mark_published("first", start);
    BOOST_TEST(send_all(outbox, start) == "");
    outbox.acknowledge("second", start);
    BOOST_TEST(send_all(outbox, start) == "ended ");
}

BOOST_AUTO_TEST_CASE(sends_everything_again_in_order_if_the_broker_may_have_lost_it) {
    Outbox outbox({.resend = seconds(3)});
    for (const char* ref : {"a", "b", "c"}) add_probe(outbox, ref);
    add_closing_event(outbox, "ended", "door/7/");
    send_all(outbox, start);
    outbox.mark_published("a", start);
    outbox.acknowledge("b", start);
    BOOST_TEST(send_all(outbox, start + seconds(1)) == "");
    outbox.resend_all();
    BOOST_TEST(send_all(outbox, start + seconds(1)) == "a c ");
    // The result of `a` may be published again, so the end of the track waits for it again.
    outbox.acknowledge("c", start + seconds(1));
    BOOST_TEST(send_all(outbox, start + seconds(1)) == "");
    BOOST_REQUIRE(outbox.next_due());
    BOOST_TEST((*outbox.next_due() == start + seconds(4)));
    outbox.mark_published("a", start + seconds(1));
    BOOST_TEST(send_all(outbox, start + seconds(1)) == "ended ");
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
    BOOST_TEST(send(start + seconds(9)));
    outbox.acknowledge("a", start);
    outbox.add("event", "door/7/", message("event"), Outbox::Kind::event, true);
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
    outbox.acknowledge("a", start);
    outbox.acknowledge("a", start);
    outbox.acknowledge("never sent", start);
    BOOST_TEST(outbox.size() == 1U);
}

BOOST_AUTO_TEST_CASE(end_of_a_track_is_sent_only_after_its_probes_are_acknowledged) {
    Outbox outbox({.resend = seconds(3)});
    add_probe(outbox, "probe");
    add_closing_event(outbox, "ended", "door/7/");
    BOOST_TEST(send_all(outbox, start) == "probe ");
    outbox.acknowledge("probe", start);
    BOOST_TEST(send_all(outbox, start) == "ended ");
}

BOOST_AUTO_TEST_CASE(end_of_a_track_does_not_wait_for_a_track_whose_id_begins_with_its_id) {
    Outbox outbox({});
    add_probe(outbox, "other", "door/71/");
    add_closing_event(outbox, "ended", "door/7/");
    BOOST_TEST(send_all(outbox, start) == "other ended ");
}

BOOST_AUTO_TEST_CASE(end_of_stream_waits_only_for_entries_of_its_camera) {
    Outbox outbox({});
    add_probe(outbox, "probe");
    add_closing_event(outbox, "ended", "door/7/");
    add_closing_event(outbox, "end", "door/");
    add_probe(outbox, "elsewhere", "gate/1/");
    BOOST_TEST(send_all(outbox, start) == "probe elsewhere ");
    outbox.acknowledge("probe", start);
    BOOST_TEST(send_all(outbox, start) == "ended ");
    outbox.acknowledge("ended", start);
    BOOST_TEST(send_all(outbox, start) == "end ");
}

BOOST_AUTO_TEST_CASE(full_outbox_drops_the_oldest_probe_and_keeps_events) {
    Outbox outbox({.capacity = 3});
    add_closing_event(outbox, "ended", "door/6/");
    add_probe(outbox, "old");
    BOOST_TEST(!outbox.drop_if_full());
    add_probe(outbox, "new");
    const auto dropped = outbox.drop_if_full();
    BOOST_REQUIRE(dropped);
    BOOST_TEST(dropped->ref == "old");
    BOOST_TEST((dropped->kind == Outbox::Kind::probe));
    BOOST_TEST(send_all(outbox, start) == "ended new ");
}

BOOST_AUTO_TEST_CASE(outbox_full_of_events_drops_and_reports_the_oldest) {
    Outbox outbox({.capacity = 2});
    add_closing_event(outbox, "ended", "door/6/");
    outbox.add("started", "door/7/", message("started"), Outbox::Kind::event, true);
    const auto dropped = outbox.drop_if_full();
    BOOST_REQUIRE(dropped);
    BOOST_TEST((dropped->kind == Outbox::Kind::closing));
    BOOST_TEST(send_all(outbox, start) == "started ");
}

BOOST_AUTO_TEST_CASE(reports_whether_a_dropped_entry_was_sent) {
    Outbox outbox({.capacity = 2});
    add_probe(outbox, "sent");
    send_all(outbox, start);
    add_probe(outbox, "not sent");
    BOOST_TEST(outbox.drop_if_full().value().sent);
    add_probe(outbox, "new");
    BOOST_TEST(!outbox.drop_if_full().value().sent);
}

BOOST_AUTO_TEST_CASE(live_cameras_never_replace_entries_of_lossless_ones) {
    Outbox outbox({.capacity = 2});
    add_probe(outbox, "file1", "clip/1/", false);
    add_probe(outbox, "file2", "clip/1/", false);
    BOOST_TEST(outbox.full());
    BOOST_TEST(!outbox.drop_if_full());
    add_probe(outbox, "live1");
    add_probe(outbox, "live2");
    BOOST_TEST(outbox.drop_if_full().value().ref == "live1");
    BOOST_TEST(send_all(outbox, start) == "file1 file2 live2 ");
}

BOOST_AUTO_TEST_CASE(entries_of_live_cameras_do_not_make_lossless_cameras_wait) {
    Outbox outbox({.capacity = 2});
    add_probe(outbox, "live1");
    add_probe(outbox, "live2");
    add_probe(outbox, "file", "clip/1/", false);
    BOOST_TEST(!outbox.full());
}

BOOST_AUTO_TEST_CASE(the_camera_with_the_most_entries_loses_its_oldest_probe) {
    Outbox outbox({.capacity = 3});
    add_probe(outbox, "quiet", "yard/1/");
    add_probe(outbox, "busy1", "door/1/");
    add_probe(outbox, "busy2", "door/2/");
    BOOST_TEST(outbox.drop_if_full().value().ref == "busy1");
}

BOOST_AUTO_TEST_CASE(acknowledge_returns_the_kind_of_the_entry_once) {
    Outbox outbox({});
    add_probe(outbox, "a");
    BOOST_TEST((outbox.acknowledge("a", start) == Outbox::Kind::probe));
    BOOST_TEST(!outbox.acknowledge("a", start));
}

BOOST_AUTO_TEST_CASE(empty_outbox_has_nothing_to_send) {
    Outbox outbox({});
    BOOST_TEST(!outbox.next_due());
    BOOST_TEST(outbox.next_to_send(start) == nullptr);
}
