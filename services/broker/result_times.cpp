#include "broker/result_times.hpp"

#include <algorithm>
#include <optional>

namespace facebus::broker {
namespace {

double seconds(std::int64_t from, std::int64_t to) {
    return std::max(0.0, static_cast<double>(to - from) / 1e9);
}

Histogram of_stage(Metrics& metrics, const char* stage) {
    return metrics.histogram("facebus_result_stage_seconds",
                             "Part of a result's latency: from the stage before to the end of this "
                             "one",
                             {{"stage", stage}});
}

}  // namespace

ResultTimes::ResultTimes(Metrics& metrics)
    : total_(metrics.histogram("facebus_result_latency_seconds",
                               "From capture to the published result")),
      first_(metrics.histogram("facebus_first_result_seconds",
                               "From the frame that a track started with to its first result")),
      stage_{of_stage(metrics, "motion"),    of_stage(metrics, "detect"),
             of_stage(metrics, "track"),     of_stage(metrics, "queue"),
             of_stage(metrics, "recognize"), of_stage(metrics, "publish")} {}

void ResultTimes::started(const wire::Track& event) {
    if (started_.size() < most_waiting) started_.try_emplace(event.track, event.head.ts);
}

void ResultTimes::published(const wire::Identity& identity) {
    const auto& t = identity.head.t;
    if (t.publish) {
        total_.observe(seconds(identity.head.ts, *t.publish));
        if (const auto start = started_.find(identity.track); start != started_.end()) {
            first_.observe(seconds(start->second, *t.publish));
            started_.erase(start);
        }
    }
    const std::array<std::optional<std::int64_t>, stages> done{t.motion, t.detect,    t.track,
                                                               t.queue,  t.recognize, t.publish};
    auto before = t.capture;
    for (std::size_t i = 0; i < stages; ++i) {
        if (before && done[i]) stage_[i].observe(seconds(*before, *done[i]));
        before = done[i];
    }
}

}  // namespace facebus::broker
