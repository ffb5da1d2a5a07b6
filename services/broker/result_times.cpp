#include "broker/result_times.hpp"

#include <algorithm>
#include <ranges>

namespace facebus::broker {
namespace {

double seconds_between(std::int64_t from, std::int64_t to) {
    return std::max(0.0, static_cast<double>(to - from) / 1e9);
}

Histogram step_histogram(Metrics& metrics, std::string_view step) {
    return metrics.histogram("facebus_result_stage_seconds",
                             "Time from the end of the previous step to the end of this step, for "
                             "each published result; `stage` is the key of the step",
                             {{"stage", std::string(step)}});
}

}  // namespace

ResultTimes::ResultTimes(Metrics& metrics)
    : total_(metrics.histogram("facebus_result_latency_seconds",
                               "Time from capture to publication of a result")),
      first_(metrics.histogram("facebus_first_result_seconds",
                               "Time from the capture of the frame with which a track starts to "
                               "the publication of the first result about the track")) {
    for (const auto& step : wire::steps | std::views::drop(1)) {
        steps_.push_back(step_histogram(metrics, step.key));
    }
}

void ResultTimes::record_start(const std::string& track, std::int64_t start) {
    if (started_.size() < max_tracks) started_.try_emplace(track, start);
}

void ResultTimes::record_result(const std::string& track, const wire::Identity& identity) {
    const auto& t = identity.head.t;
    if (const auto& publish = t["publish"]) {
        total_.observe(seconds_between(identity.head.ts, *publish));
        if (const auto start = started_.find(track); start != started_.end()) {
            first_.observe(seconds_between(start->second, *publish));
            started_.erase(start);
        }
    }
    const auto& ends = t.all();
    for (std::size_t i = 1; i < ends.size(); ++i) {
        if (!ends[i - 1] || !ends[i]) continue;
        steps_[i - 1].observe(seconds_between(*ends[i - 1], *ends[i]));
    }
}

}  // namespace facebus::broker
