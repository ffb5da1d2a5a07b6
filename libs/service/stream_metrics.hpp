// Metrics of the stages that process frames, regions and faces.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/metrics.hpp"

namespace facebus::service {

/// Metrics of processed and dropped messages, and of the time per message. Not thread-safe.
class StreamMetrics {
  public:
    /// Help of the metric facebus_dropped_total.
    static constexpr auto dropped_help =
        "Dropped messages of live cameras. reason=late: a newer message had arrived; reason=full: "
        "the next stage was too slow or unavailable";

    StreamMetrics(Metrics& metrics, const std::string& stage)
        : messages_(
              metrics.counter("facebus_messages_total", "Messages processed", {{"stage", stage}})),
          late_(metrics.counter("facebus_dropped_total", dropped_help,
                                {{"stage", stage}, {"reason", "late"}})),
          full_(metrics.counter("facebus_dropped_total", dropped_help,
                                {{"stage", stage}, {"reason", "full"}})),
          seconds_(metrics.histogram("facebus_stage_seconds",
                                     "Time to process a message, in seconds. The label `stage` is "
                                     "the name of the process, such as detect-align",
                                     {{"stage", stage}})) {}

    /// Returns the start time to pass to count().
    [[nodiscard]] Monotonic::time_point start() const { return Monotonic::now(); }

    /// Records one message whose processing began at `began`. `late` and `full` are the numbers of
    /// messages that have been dropped so far for these two reasons; see dropped_help.
    void count(Monotonic::time_point began, std::uint64_t late, std::uint64_t full) {
        messages_.add();
        late_.add(static_cast<double>(late) - late_.value());
        full_.add(static_cast<double>(full) - full_.value());
        seconds_.observe(std::chrono::duration<double>(Monotonic::now() - began).count());
    }

  private:
    Counter messages_;
    Counter late_;
    Counter full_;
    Histogram seconds_;
};

}  // namespace facebus::service
