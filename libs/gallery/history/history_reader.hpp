// A reader of the results that remembers how far it is.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "gallery/history/history.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Reads the history result by result from a place that Redis keeps under the reader's name, so
/// that who starts again goes on where it was. What left the history meanwhile, by its age or
/// because a subject was removed, is passed over. Not thread-safe. Errors as in gallery/redis.hpp.
class HistoryReader {
  public:
    HistoryReader(const RedisOptions& options, const std::string& name);

    /// The oldest result that done() was not called with; nothing if there is none. A reader of a
    /// new name begins with what comes after its first call.
    Result<std::optional<HistoryEntry>> next();
    /// next() goes on behind this result.
    void done(const HistoryEntry& entry);
    /// Has Redis remember what is done; asks it only if there is news. After an error the next call
    /// tries again.
    Result<void> save();

  private:
    Result<void> find_place();

    History history_;
    Redis redis_;
    std::string key_;
    std::string place_;  ///< empty until it was asked for
    std::string saved_;
};

}  // namespace facebus::gallery
