// Tests the lines that `facebus watch` and `facebus demo` print, and the table of `facebus status`.
#include <algorithm>
#include <string>

#include <boost/test/unit_test.hpp>

#include "cli/result_line.hpp"

using namespace facebus;
using namespace facebus::cli;

namespace {

wire::Identity identity() {
    wire::Identity out;
    out.head.src = "door";
    out.track = "door-1-7";
    return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_result_line_contains_camera_track_decision_and_name) {
    auto known = identity();
    known.decision = wire::Decision::known;
    known.subject_id = "1";
    known.subject = "Ann";
    const auto line = format_line(known, false);
    for (const char* part : {"door ", "track 7 ", "known ", "Ann "}) {
        BOOST_TEST(line.find(part) != std::string::npos, part);
    }
}

BOOST_AUTO_TEST_CASE(the_line_of_an_ambiguous_result_contains_both_names) {
    auto ambiguous = identity();
    ambiguous.best = {"1", "Ann", 0.71};
    ambiguous.runner_up = {"2", "Bea", 0.70};
    BOOST_TEST(format_line(ambiguous, false).find("undecided Ann or Bea ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(replaces_control_characters_in_texts_of_messages) {
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    };
    auto known = identity();
    known.track = "door-1-\x1b]0;";
    known.decision = wire::Decision::known;
    known.subject_id = "1";
    known.subject = "Ann\x1b[2J\n";
    BOOST_TEST(std::ranges::none_of(format_line(known, false), is_control));
    BOOST_TEST(format_line(known, false).find("Ann?[2J?") != std::string::npos);

    known.subject = "Al\u200bice\u202eecilA\u009b2J\xff";
    BOOST_TEST(format_line(known, false).find("Al?ice?ecilA?2J?") != std::string::npos);

    auto undecided = identity();
    undecided.reason = "few\rgood faces\x7f";
    BOOST_TEST(format_line(undecided, false).find("few?good faces?") != std::string::npos);

    wire::Track event;
    event.track = "door-1-\x07";
    BOOST_TEST(std::ranges::none_of(format_line(event), is_control));

    wire::Status status;
    status.state = "no\tworkers";
    BOOST_TEST(format_line(status).find("no?workers") != std::string::npos);
    BOOST_TEST(format_table(status).find("no?workers\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_table_of_the_status_contains_every_value) {
    const wire::Status status{
        .state = "ok",
        .workers = 2,
        .queued = 37,
        .in_flight = 1,
        .results = 40,
        .refused = 5,
        .gallery_stale = true,
        .oldest_probe = 4.25,
        .stalled = 1,
        .edges = 3,
        .redelivered = wire::Redelivered{.unresponsive = 6, .timeout = 1},
        .dead_lettered = 9,
    };
    BOOST_TEST(format_table(status) ==
               "state          ok\n"
               "workers        2, 1 stalled\n"
               "edges          3\n"
               "queued         37 probes\n"
               "in flight      1 probe\n"
               "oldest probe   4.2 s\n"
               "redelivered    7 probes (6 unresponsive, 1 timeout)\n"
               "dead-lettered  9 probes\n"
               "rejected       5 probes (queue full)\n"
               "results        40\n"
               "gallery        stale: a worker cannot load it from Redis\n");
}

BOOST_AUTO_TEST_CASE(the_table_of_the_status_omits_what_an_older_broker_does_not_report) {
    const auto table = format_table(wire::Status{.state = "no worker"});
    for (const char* name : {"edges", "oldest probe", "redelivered", "dead-lettered", "stalled"}) {
        BOOST_TEST(table.find(name) == std::string::npos, name);
    }
}
