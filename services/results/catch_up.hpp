// What a subscriber missed, from the history in Redis.
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

/// Sees to it that a subscriber gets each result once: those from before it subscribed, and those
/// that it missed while it was away. A result is known by the run of the broker and its number
/// there. Not thread-safe.
class CatchUp {
  public:
    /// Results of the last `age` are wanted.
    CatchUp(gallery::RedisOptions redis, std::chrono::seconds age);

    /// Takes a result; false: it was taken before.
    bool take(const wire::Identity& identity);

    /// Whether read() may give results, by what the broker tells of itself: it has published more
    /// than were taken. Asked for the same number it is true twice, since the broker writes the
    /// history a little later than it publishes.
    bool behind(const wire::Status& status);

    /// Results that came into the history since the last call, oldest first; some may have been
    /// taken already. Errors as gallery::History.
    Result<std::vector<bus::Message>> read();

  private:
    struct Run {
        std::set<std::uint64_t> taken;  ///< the last of them
        std::uint64_t asked_for = 0;    ///< results that the broker told of when behind() was true
        int times = 0;                  ///< that it was
    };

    Run& of(const std::string& run);

    gallery::History history_;
    std::string place_;  ///< in the history, up to which it was read
    std::map<std::string, Run> runs_;
};

}  // namespace facebus::results
