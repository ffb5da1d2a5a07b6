// Reads the history of results and stores the position in Redis.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "gallery/history/history.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Reads the history one result at a time. save() stores the position in Redis under the name of
/// the reader. After a restart, a reader with the same name continues at the stored position.
/// Results that were trimmed or erased before they were read are skipped. Not thread-safe. Errors:
/// see class Redis.
class HistoryReader {
  public:
    HistoryReader(const RedisOptions& options, const std::string& name);

    /// Returns the first result after the position, or nothing if there is none. If no position is
    /// stored under the name, the first call stores the end of the history as the position.
    Result<std::optional<HistoryEntry>> next();
    /// Moves the position to just after this result. Call save() to store it.
    void advance_past(const HistoryEntry& entry);
    /// Stores the position in Redis if it has changed. After an error, the next call retries.
    Result<void> save();

  private:
    Result<void> find_position();

    History history_;
    Redis redis_;
    std::string key_;       ///< Redis key of the position
    std::string position_;  ///< next() reads after the entry with this id; empty: not known yet
    std::string saved_;     ///< position that is stored in Redis
};

}  // namespace facebus::gallery
