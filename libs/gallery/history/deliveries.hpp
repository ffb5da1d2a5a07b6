// State of the delivery of results to one receiver, stored in Redis.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "gallery/history/history.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Result that a receiver refused until the sender gave up. Refers to the history and contains no
/// data of the result. So if the result expires, or is erased because a person is removed, nothing
/// of it remains here.
struct DeadLetter {
    std::string id;      ///< id of the dead letter; contains the time at which it was added
    std::string result;  ///< id of the result in the history
    int status = 0;      ///< HTTP status of the last attempt
    int attempts = 0;    ///< number of attempts that the receiver refused
};

/// Stored state of a receiver. All times are Unix times in milliseconds by the clock of Redis.
struct DeliveryState {
    std::string position{};     ///< see HistoryReader; empty: not stored yet
    std::string result{};       ///< history id of the result that is being retried; empty: none
    int attempts = 0;           ///< how often the receiver refused this result
    std::string error{};        ///< latest error; empty: none yet
    std::int64_t error_ms = 0;  ///< time of the latest error
    std::int64_t retry_ms = 0;  ///< time of the next attempt; 0: no back-off
    std::string replay{};       ///< time of the latest replay request; empty: none is pending
    std::size_t dead_letters = 0;
};

/// Records failed deliveries and dead letters of one receiver, whose name is that of its
/// HistoryReader. A receiver has at most max_dead_letters dead letters; the oldest are dropped. Not
/// thread-safe. Errors: see class Redis.
class Deliveries {
  public:
    static constexpr std::size_t max_dead_letters = 10'000;

    Deliveries(const RedisOptions& options, const std::string& name);

    Result<DeliveryState> state();

    // For the sender:

    /// Records a failed attempt. `delay`: time until the next attempt.
    Result<void> record_failure(const std::string& result, int attempts, const std::string& error,
                                std::chrono::milliseconds delay);
    /// Records that no result is being retried any more.
    Result<void> record_success();
    /// Records that the next attempt follows at once.
    Result<void> end_back_off();
    /// Adds a dead letter, unless the newest one is for the same result. Returns how many old dead
    /// letters were dropped to make room.
    Result<std::size_t> add(const std::string& result, int status, int attempts);
    /// Removes all dead letters whose results are no longer in the history.
    Result<void> remove_expired();
    /// Returns the first dead letter after the dead letter `id` ("0-0": the first of all) that was
    /// added before the replay request `replay`, or nothing if there is none.
    Result<std::optional<DeadLetter>> next(const std::string& id, const std::string& replay);
    Result<void> remove(const std::string& id);
    /// Removes the replay request, unless there is a newer one.
    Result<void> finish_replay(const std::string& replay);

    // For the administrator:

    /// Returns all dead letters, oldest first.
    Result<std::vector<DeadLetter>> dead_letters();
    /// Requests that the sender delivers all dead letters again and ends its back-off.
    Result<void> request_replay();
    /// Removes all dead letters. Returns their number.
    Result<std::size_t> clear();

  private:
    Redis redis_;
    std::string position_;      ///< Redis key of the position of the HistoryReader
    std::string state_;         ///< Redis key of the state
    std::string dead_letters_;  ///< Redis key of the dead letters
};

/// Returns the names of all HistoryReaders that begin with `prefix` and have stored a position,
/// sorted.
Result<std::vector<std::string>> reader_names(const RedisOptions& options,
                                              const std::string& prefix);

}  // namespace facebus::gallery
