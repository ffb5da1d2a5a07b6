// History of published results, stored in Redis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// A published result.
struct HistoryEntry {
    std::string id;          ///< id of the stream entry
    std::string topic;       ///< topic of the published message
    std::string header;      ///< header of the published message: MessagePack, not decoded here
    std::string subject_id;  ///< id of the identified subject; may be empty
    std::string track;       ///< id under which TrackMemory stores the track; may be empty
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
    /// id under which TrackMemory stores the probes of the track, or empty; if an erasure
    /// deletes the result, it also deletes these probes. `also_named` contains the ids of all other
    /// subjects that the header names, such as the runner-up. Silently drops the result if the
    /// subject `subject_id` or one of `also_named` is ignored or no longer in the gallery.
    /// Requires: the header contains the id of every subject that it names, because removing a
    /// subject erases the results that contain its id. If a call failed although Redis stored the
    /// result, a repetition does not store it again; exception: the first call.
    Result<void> append(const std::string& topic, std::string_view header,
                        const std::string& subject_id, const std::string& track,
                        const std::vector<std::string>& also_named = {});
    /// Returns the first `count` results after the entry `id`, oldest first; "0-0" means from the
    /// beginning. Returns fewer only if there are no more. Fails with `malformed` if `id` is not a
    /// stream id.
    Result<std::vector<HistoryEntry>> after(const std::string& id, std::size_t count);
    /// Returns the result with the entry id `id`, or nothing if it has expired or was erased.
    /// Requires: valid_stream_id(id).
    Result<std::optional<HistoryEntry>> find(const std::string& id);
    /// Returns the Unix time in milliseconds by the clock of Redis. Entry ids begin with such a
    /// time, so the age of an entry does not depend on the clock of this machine.
    Result<std::int64_t> now_ms();
    /// Returns the id of the newest entry, or "0-0" if there is none.
    Result<std::string> newest();

    /// Appends results of a backup under their ids. Omits results that are older than `hours`.
    /// Returns the number of appended results. Fails with `refused` if the history contains newer
    /// results than the first one.
    Result<std::size_t> restore(const std::vector<HistoryEntry>& entries);
    /// Removes all results.
    Result<void> clear();

  private:
    Redis redis_;
    std::string last_;      ///< id of the last entry that append() added; empty: none yet
    std::int64_t keep_ms_;  ///< milliseconds to keep results; 0: store nothing
};

/// Returns the time in a stream id, such as 1700000000000 in 1700000000000-0, or 0 if `id` does not
/// begin with a number.
std::int64_t stream_id_ms(std::string_view id);

}  // namespace facebus::gallery
