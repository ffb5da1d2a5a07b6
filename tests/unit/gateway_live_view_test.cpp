// Tests of LiveView, which keeps the latest results.
#include <chrono>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "gateway/live/live_view.hpp"
#include "support/example_messages.hpp"

using namespace facebus;
using namespace facebus::gateway;
using std::chrono::hours;
using std::chrono::nanoseconds;
using std::chrono::seconds;

namespace {

wire::Identity result_of(const std::string& track) {
    auto identity = examples::identity();
    identity.track = track;
    return identity;
}

std::vector<std::string> tracks(const std::vector<LiveView::Result>& results) {
    std::vector<std::string> all;
    all.reserve(results.size());
    for (const auto& result : results) all.push_back(result->identity.track);
    return all;
}

using Tracks = std::vector<std::string>;

const Monotonic::time_point start;

bool any(const wire::Identity& /*identity*/) {
    return true;
}

}  // namespace

BOOST_AUTO_TEST_CASE(keeps_the_latest_results_and_returns_those_after_a_given_number) {
    LiveView live(3, seconds(60));
    for (const auto* track : {"a", "b", "c", "d"}) live.add(result_of(track), "", start);
    BOOST_TEST(tracks(live.after(0)) == (Tracks{"b", "c", "d"}), boost::test_tools::per_element());
    BOOST_TEST(tracks(live.after(3)) == Tracks{"d"}, boost::test_tools::per_element());
    BOOST_TEST(live.after(4).empty());
}

BOOST_AUTO_TEST_CASE(calls_its_listener_after_each_new_result) {
    LiveView live(3, seconds(60));
    std::vector<std::size_t> seen;
    live.set_listener([&] { seen.push_back(live.after(0).size()); });
    live.add(result_of("a"), "", start);
    live.add(result_of("b"), "", start);
    live.set_listener(nullptr);
    live.add(result_of("c"), "", start);
    BOOST_TEST(seen == (std::vector<std::size_t>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(drops_unwanted_results) {
    LiveView live(9, seconds(60));
    for (const auto* track : {"a", "b"}) live.add(result_of(track), "", start);
    live.forget_unless([](const wire::Identity& identity) { return identity.track == "b"; }, start);
    BOOST_TEST(tracks(live.after(0)) == Tracks{"b"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(keeps_results_for_the_given_time_and_then_drops_them) {
    LiveView live(9, hours(1));
    live.add(result_of("a"), "", start);
    live.add(result_of("b"), "", start + seconds(1));
    live.forget_unless(any, start + hours(1));
    BOOST_TEST(live.after(0).size() == 2U);
    live.forget_unless(any, start + hours(1) + nanoseconds(1));
    BOOST_TEST(tracks(live.after(0)) == Tracks{"b"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(retraction_replaces_all_earlier_results_of_its_track) {
    LiveView live(9, seconds(60));
    live.add(result_of("a"), "crop", start);
    live.add(result_of("b"), "crop", start);
    auto ignored = examples::ignored();
    ignored.track = "a";
    live.add(ignored, "", start);
    const auto kept = live.after(0);
    BOOST_TEST(tracks(kept) == (Tracks{"b", "a"}), boost::test_tools::per_element());
    BOOST_TEST(kept.back()->identity.ignored.value_or(false));
}
