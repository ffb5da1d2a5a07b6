// Recovers results that a subscriber has missed. Reads them from the history in Redis.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bus/socket.hpp"
#include "gallery/history/history.hpp"
#include "wire/messages.hpp"

namespace facebus::results {

/// Lets a subscriber handle each result once, including results from before it subscribed and
/// results that were published while it was disconnected, if the history contains them. A result is
/// identified by the run of the broker and its number in that run. Not thread-safe.
class CatchUp {
  public:
    /// The first read() returns all results that are not older than `age`. Throws `FatalError`
    /// (config) if `redis` is invalid.
    CatchUp(gallery::RedisOptions redis, std::chrono::seconds age);

    /// Records a result. Returns false if the caller must skip it, because it was already recorded
    /// or is older than the 100,000 remembered results of its run. Returns true for every result
    /// without a run.
    bool record(const wire::Identity& identity);

    /// Returns whether the broker has published results that are not recorded, so that the caller
    /// should call read(). The broker publishes a result before it appends it to the history, so
    /// the first read() may be too early. Therefore, for the same `status.results`, returns true
    /// for the first, second, fourth, eighth call and so on.
    bool missed_results(const wire::Status& status);

    /// A result read from the history.
    struct Missed {
        bus::Message message;
        std::chrono::milliseconds age;  ///< time since it was added, by the clock of Redis
    };
    /// Returns the results added to the history since the last call, oldest first. They can include
    /// results that are already recorded. Errors: see gallery::History.
    Result<std::vector<Missed>> read();

  private:
    struct Run {
        std::set<std::uint64_t> recorded;  ///< numbers of the latest recorded results
        std::uint64_t missing_up_to = 0;   ///< status.results when results were last missing
        unsigned times =
            0;  ///< how many times missed_results() found results missing up to this number
    };

    Run& run_state(const std::string& run);

    gallery::History history_;
    std::chrono::milliseconds age_;
    std::string position_;  ///< id of the last entry that was read; empty before the first read()
    std::map<std::string, Run> runs_;
};

}  // namespace facebus::results
