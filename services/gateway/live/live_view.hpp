// Latest results, for the web page and other clients.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

/// Result that the gateway has received.
struct LiveResult {
    std::uint64_t number = 0;  ///< number within its LiveView, consecutive from 1
    Monotonic::time_point received;
    wire::Identity identity;
    std::string jpeg;  ///< crop of the face as JPEG; empty if the result has no crop
};

/// Keeps the latest results in memory, at most `max_results`. forget_unless() drops those that were
/// received more than `age` ago. Thread-safe.
class LiveView {
  public:
    using Result = std::shared_ptr<const LiveResult>;

    LiveView(std::size_t max_results, std::chrono::seconds age);

    /// Adds a result that was received at the time `now`. If it is `ignored`, it replaces all
    /// earlier results of its track.
    void add(wire::Identity identity, std::string jpeg, Monotonic::time_point now);

    /// Returns the results with a higher number than `number`, oldest first.
    [[nodiscard]] std::vector<Result> after(std::uint64_t number) const;
    /// Sets the function that is called after each new result. An empty `listener` removes it. The
    /// function must not block.
    void set_listener(std::function<void()> listener);

    /// Drops results that were received more than `age` before `now`, and results for which
    /// `wanted` returns false.
    void forget_unless(const std::function<bool(const wire::Identity&)>& wanted,
                       Monotonic::time_point now);

    /// Returns an identifier of this LiveView. It differs after a restart of the gateway, when the
    /// result numbers begin again with 1.
    [[nodiscard]] const std::string& run() const { return run_; }

  private:
    std::size_t max_results_;
    std::chrono::seconds age_;
    std::string run_;
    mutable std::mutex mutex_;
    std::function<void()> listener_;
    std::uint64_t last_ = 0;      ///< number of the latest result, even if it was dropped
    std::deque<Result> results_;  ///< oldest first
};

}  // namespace facebus::gateway
