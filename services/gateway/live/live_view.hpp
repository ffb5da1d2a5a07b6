// The latest results, for who looks at them as they come.
#pragma once

#include <chrono>
#include <condition_variable>
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

/// A result as it came.
struct LiveResult {
    std::uint64_t number = 0;  ///< counts from 1 in each LiveView
    Monotonic::time_point came;
    wire::Identity identity;
    std::string picture;  ///< JPEG of the crop; empty where none came with it
};

/// The latest results in memory, at most `most` of them and none older than `age`. Thread-safe.
class LiveView {
  public:
    using Result = std::shared_ptr<const LiveResult>;

    LiveView(std::size_t most, std::chrono::seconds age);

    /// One that is `ignored` takes the place of all that were told of its track.
    void add(wire::Identity identity, std::string picture);

    /// Results after that number, oldest first; 0: all there are.
    [[nodiscard]] std::vector<Result> after(std::uint64_t number) const;
    /// The same, and waits for one if there is none; nothing if none comes in time, or the end.
    [[nodiscard]] std::vector<Result> wait_after(std::uint64_t number,
                                                 std::chrono::milliseconds patience) const;

    /// Drops the results that are too old, and those that `wanted` is false for.
    void forget_unless(const std::function<bool(const wire::Identity&)>& wanted);

    /// Nothing is waited for any more.
    void close();
    [[nodiscard]] bool closed() const;

    /// What numbers count in: another one after a restart.
    [[nodiscard]] const std::string& run() const { return run_; }

  private:
    [[nodiscard]] std::vector<Result> newer(std::uint64_t number) const;

    std::size_t most_;
    std::chrono::seconds age_;
    std::string run_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool closed_ = false;
    std::uint64_t last_ = 0;
    std::deque<Result> results_;
};

}  // namespace facebus::gateway
