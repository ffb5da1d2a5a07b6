// History of published results in Redis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// A result as it was published.
struct HistoryEntry {
    std::string id;  ///< id of the stream entry
    std::string topic;
    std::string header;  ///< MessagePack bytes, opaque here
};

/// Configuration of the history.
struct HistoryOptions {
    double hours = 24;

    static void keys(auto& self, auto&& key) {
        key("history_hours", self.hours, Range{0, 8760},
            "hours to keep results in Redis; 0 keeps none");
    }
};

/// The results of the last hours, from which subscribers catch up after a gap. With 0 hours nothing
/// is stored. Redis trims in blocks, so about a hundred older results can remain; the whole stream
/// expires if no result arrives for that long. Not thread-safe. Errors as in class Redis.
class History {
  public:
    History(RedisOptions options, double hours);

    /// Appends a result. `subject_id` and `track` identify what to erase with a subject; empty if
    /// there is none. `also_named` lists the other subjects in the header, such as the runner-up.
    /// Silently drops the result if one of these subjects is ignored or no longer in the gallery.
    /// Requires: the header contains the id of every subject that it names. Otherwise the name
    /// would remain when that subject is removed.
    Result<void> append(const std::string& topic, std::string_view header,
                        const std::string& subject_id, const std::string& track,
                        const std::vector<std::string>& also_named = {});
    /// Returns at most `count` results after the entry `id`, oldest first; "0-0" starts with the
    /// oldest. Returns fewer only at the end. Fails with `malformed` if `id` is not a stream id.
    Result<std::vector<HistoryEntry>> after(const std::string& id, std::size_t count);

  private:
    Redis redis_;
    std::int64_t keep_ms_;
};

}  // namespace facebus::gallery
