#include <chrono>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "gateway/live/live_view.hpp"
#include "support/example_messages.hpp"

using namespace facebus;
using namespace facebus::gateway;
using std::chrono::milliseconds;
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

}  // namespace

BOOST_AUTO_TEST_CASE(keeps_the_latest_results_and_returns_those_with_a_higher_number) {
    LiveView live(3, seconds(60));
    for (const auto* track : {"a", "b", "c", "d"}) live.add(result_of(track), "");
    BOOST_TEST(tracks(live.after(0)) == (Tracks{"b", "c", "d"}), boost::test_tools::per_element());
    BOOST_TEST(tracks(live.after(3)) == Tracks{"d"}, boost::test_tools::per_element());
    BOOST_TEST(live.after(4).empty());
}

BOOST_AUTO_TEST_CASE(new_result_wakes_waiting_clients) {
    LiveView live(3, seconds(60));
    std::jthread later([&] { live.add(result_of("a"), ""); });
    BOOST_TEST(tracks(live.wait_after(0, milliseconds(60'000))) == Tracks{"a"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(close_wakes_waiting_clients) {
    LiveView live(3, seconds(60));
    std::jthread later([&] { live.close(); });
    BOOST_TEST(live.wait_after(0, milliseconds(60'000)).empty());
    BOOST_TEST(live.closed());
}

BOOST_AUTO_TEST_CASE(drops_expired_and_unwanted_results) {
    LiveView live(9, seconds(60));
    for (const auto* track : {"a", "b"}) live.add(result_of(track), "");
    live.forget_unless([](const wire::Identity& identity) { return identity.track == "b"; });
    BOOST_TEST(tracks(live.after(0)) == Tracks{"b"}, boost::test_tools::per_element());

    LiveView brief(9, seconds(0));
    brief.add(result_of("a"), "");
    brief.forget_unless([](const wire::Identity&) { return true; });
    BOOST_TEST(brief.after(0).empty());
}

BOOST_AUTO_TEST_CASE(ignored_result_replaces_earlier_results_of_its_track) {
    LiveView live(9, seconds(60));
    live.add(result_of("a"), "crop");
    live.add(result_of("b"), "crop");
    auto ignored = examples::ignored();
    ignored.track = "a";
    live.add(ignored, "");
    const auto kept = live.after(0);
    BOOST_TEST(tracks(kept) == (Tracks{"b", "a"}), boost::test_tools::per_element());
    BOOST_TEST(kept.back()->identity.ignored.value_or(false));
}
