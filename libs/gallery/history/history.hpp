// History of published results, stored in Redis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// A published result.
struct HistoryEntry {
    std::string id;      ///< id of the stream entry
    std::string topic;   ///< topic of the published message
    std::string header;  ///< header of the published message: MessagePack, not decoded here
};

/// Configuration of the history.
struct HistoryOptions {
    double hours = 24;  ///< hours to keep results; 0: store nothing

    static void keys(auto& self, auto&& key) {
        key("history_hours", self.hours, Range{0, 8760},
            "hours to keep results in Redis; 0: store none");
    }
};

/// The results of the last `hours` hours, in a Redis stream. Subscribers that missed results read
/// them here. If `hours` is 0, nothing is stored. append() trims older results, but up to about a
/// hundred can remain, because Redis trims the stream in blocks. The whole stream expires if no
/// result is appended for `hours` hours. Not thread-safe. Errors: see class Redis.
class History {
  public:
    History(RedisOptions options, double hours);

    /// Appends a result. `subject_id` is the id of the identified subject, or empty. `track` is the
    /// id under which TrackMemory stores the probes of the track, or empty; if scripts::commit
    /// erases the result, it also deletes these probes. `also_named` contains the ids of all other
    /// subjects that the header names, such as the runner-up. Silently drops the result if the
    /// subject `subject_id` or one of `also_named` is ignored or no longer in the gallery.
    /// Requires: the header contains the id of every subject that it names, because removing a
    /// subject erases the results that contain its id.
    Result<void> append(const std::string& topic, std::string_view header,
                        const std::string& subject_id, const std::string& track,
                        const std::vector<std::string>& also_named = {});
    /// Returns the first `count` results after the entry `id`, oldest first; "0-0" means from the
    /// beginning. Returns fewer only if there are no more. Fails with `malformed` if `id` is not a
    /// stream id.
    Result<std::vector<HistoryEntry>> after(const std::string& id, std::size_t count);

  private:
    Redis redis_;
    std::int64_t keep_ms_;  ///< milliseconds to keep results; 0: store nothing
};

}  // namespace facebus::gallery
