// Reader of the history that stores its position in Redis.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "gallery/history/history.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Reads the history one result at a time. The position is stored in Redis under the name of the
/// reader, so that it continues there after a restart. Results that have left the history meanwhile
/// (expired, or erased with a subject) are skipped. Not thread-safe. Errors as in class Redis.
class HistoryReader {
  public:
    HistoryReader(const RedisOptions& options, const std::string& name);

    /// Returns the first result after the position, or nothing if there is none. A reader with a
    /// new name starts with results published after its first call.
    Result<std::optional<HistoryEntry>> next();
    /// Advances the position past this result.
    void advance_past(const HistoryEntry& entry);
    /// Stores the position in Redis if it has changed. After an error the next call tries again.
    Result<void> save();

  private:
    Result<void> find_position();

    History history_;
    Redis redis_;
    std::string key_;
    std::string position_;  ///< id of the last result that is done; empty until first used
    std::string saved_;     ///< the position as stored in Redis
};

}  // namespace facebus::gallery
