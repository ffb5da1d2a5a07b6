// Recovers results that a subscriber missed from the history in Redis.
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

/// Makes sure that a subscriber gets each result once, including results from before it subscribed
/// and results that it missed while it was disconnected. A result is identified by the run of the
/// broker and its number in that run. Not thread-safe.
class CatchUp {
  public:
    /// The first read() returns the results of the last `age`.
    CatchUp(gallery::RedisOptions redis, std::chrono::seconds age);

    /// Records a result. Returns false if it was recorded before.
    bool record(const wire::Identity& identity);

    /// Returns whether the broker has published more results than were recorded, so that the caller
    /// should read(). Returns true at most twice for the same number of results: the broker writes
    /// the history a little later than it publishes, so the first read() may be too early.
    bool missed_results(const wire::Status& status);

    /// Returns the results added to the history since the last call, oldest first. Some may have
    /// been recorded already. Errors as gallery::History.
    Result<std::vector<bus::Message>> read();

  private:
    struct Run {
        std::set<std::uint64_t> recorded;    ///< numbers of the latest recorded results
        std::uint64_t missing_up_to = 0;  ///< results published when missed_results() last found a gap
        int times = 0;                    ///< how often missed_results() found that gap
    };

    Run& run_state(const std::string& run);

    gallery::History history_;
    std::string position_;  ///< last entry of the history that was read
    std::map<std::string, Run> runs_;
};

}  // namespace facebus::results
