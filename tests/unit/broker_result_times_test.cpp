// Tests the latency histograms of results.
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include "broker/result_times.hpp"

using namespace facebus;
using namespace facebus::broker;

namespace {

constexpr std::int64_t second = 1'000'000'000;

struct Fixture {
    Metrics metrics;
    ResultTimes times{metrics};

    static wire::Identity result(std::int64_t ts, std::int64_t publish) {
        wire::Identity identity;
        identity.head.ts = ts;
        identity.head.t["publish"] = publish;
        return identity;
    }

    /// Returns whether /metrics contains the line.
    [[nodiscard]] bool exports(const std::string& line) const {
        return metrics.text().find(line + "\n") != std::string::npos;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(broker_result_times, Fixture)

BOOST_AUTO_TEST_CASE(measures_latency_from_capture_to_publication) {
    times.record_result("a", result(10 * second, 13 * second));
    BOOST_TEST(exports("facebus_result_latency_seconds_sum 3"));
    BOOST_TEST(exports("facebus_first_result_seconds_count 0"));
}

BOOST_AUTO_TEST_CASE(measures_the_first_result_of_a_track_from_the_start_of_the_track) {
    times.record_start("a", 10 * second);
    times.record_result("a", result(11 * second, 12 * second));
    times.record_result("a", result(18 * second, 19 * second));
    BOOST_TEST(exports("facebus_first_result_seconds_sum 2"));
    BOOST_TEST(exports("facebus_first_result_seconds_count 1"));
}

BOOST_AUTO_TEST_CASE(measures_each_step_from_the_end_of_the_previous_one) {
    wire::Identity identity;
    auto& ends = identity.head.t.all();
    // Step i takes i seconds.
    std::int64_t end = 0;
    for (std::size_t i = 0; i < ends.size(); ++i) {
        end += static_cast<std::int64_t>(i) * second;
        ends.at(i) = end;
    }
    times.record_result("a", identity);
    for (std::size_t i = 1; i < ends.size(); ++i) {
        const auto line = fmt::format("facebus_result_stage_seconds_sum{{stage=\"{}\"}} {}",
                                      wire::steps.at(i).key, i);
        BOOST_TEST(exports(line), line);
    }
}

BOOST_AUTO_TEST_CASE(does_not_measure_a_step_whose_end_or_start_is_unknown) {
    auto identity = result(0, 7 * second);
    identity.head.t["track"] = 3 * second;
    identity.head.t["queue"] = 4 * second;
    times.record_result("a", identity);
    BOOST_TEST(exports("facebus_result_stage_seconds_sum{stage=\"queue\"} 1"));
    // `recognize` has no timestamp, so its end and the start of `publish` are unknown.
    BOOST_TEST(exports("facebus_result_stage_seconds_count{stage=\"recognize\"} 0"));
    BOOST_TEST(exports("facebus_result_stage_seconds_count{stage=\"publish\"} 0"));
}

BOOST_AUTO_TEST_CASE(counts_negative_times_as_zero) {
    times.record_result("a", result(20 * second, 10 * second));
    BOOST_TEST(exports("facebus_result_latency_seconds_sum 0"));
    BOOST_TEST(exports("facebus_result_latency_seconds_count 1"));
}

BOOST_AUTO_TEST_CASE(forgets_ended_tracks_and_limits_the_number_of_tracks_without_a_result) {
    times.record_start("a", 0);
    times.record_end("a");
    BOOST_TEST(times.tracks_without_result() == 0U);
    for (std::size_t i = 0; i <= ResultTimes::max_tracks; ++i) {
        times.record_start(std::to_string(i), 0);
    }
    BOOST_TEST(times.tracks_without_result() == ResultTimes::max_tracks);
}

BOOST_AUTO_TEST_SUITE_END()
