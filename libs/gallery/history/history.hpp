// The results of the last hours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// One result as it was published.
struct HistoryEntry {
    std::string id;  ///< its place in the stream
    std::string topic;
    std::string header;  ///< MessagePack bytes, opaque here
};

/// How long results are kept.
struct HistoryOptions {
    double hours = 24;

    static void keys(auto& self, auto&& key) {
        key("history_hours", self.hours, Range{0, 8760},
            "hours to keep results in Redis; 0 keeps none");
    }
};

/// The published results of the last hours, so that a late subscriber can catch up. Hours of 0 keep
/// nothing. Trimming is rough: up to a hundred entries more may stay, until the next hours pass
/// without any result. Not thread-safe. Errors as in gallery/redis.hpp.
class History {
  public:
    History(RedisOptions options, double hours);

    /// `subject_id` and `track` say which results vanish with a subject; empty where there is none.
    /// `also_named` are the ids of other subjects in the header, such as the runner-up: wherever a
    /// header has a name, it must have the id too, or the name stays when that subject is removed.
    /// A result that names somebody who is no longer in the gallery, or ignored, is quietly not
    /// kept.
    Result<void> append(const std::string& topic, std::string_view header,
                        const std::string& subject_id, const std::string& track,
                        const std::vector<std::string>& also_named = {});
    /// Results after the entry `id` ("0-0": from the oldest), at most `count`, oldest first.
    /// Malformed: `id` is no place in a stream.
    Result<std::vector<HistoryEntry>> after(const std::string& id, std::size_t count);

  private:
    Redis redis_;
    std::int64_t keep_ms_;
};

}  // namespace facebus::gallery
