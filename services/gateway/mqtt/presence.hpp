// Determines which people each camera sees, from tracks and results.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

/// Follows all tracks and the latest result of each. A track is in view from its first event or
/// result until it ends, until the camera's stream ends, or until no message about it has arrived
/// for `absent_after`, for example because the network failed. Then the person stays present for
/// another `linger`, to bridge the gap before the person's next track. At most 1,000 cameras and
/// 10,000 tracks are followed; messages about further ones are skipped. Requires: the times passed
/// to the functions do not decrease. Not thread-safe.
class Presence {
  public:
    using Time = Monotonic::time_point;
    struct Options {
        std::chrono::milliseconds absent_after{20'000};
        std::chrono::milliseconds linger{5'000};
    };
    struct Camera {
        /// Number of people present: the number of known people with a track in view, plus the
        /// larger of
        /// - the number of tracks in view without a known person, and
        /// - the number of people who are present only because of `linger`.
        /// These two numbers are not added, because these tracks may show these people.
        std::size_t count = 0;
        std::set<std::string> people{};  ///< subject ids of the known people present
    };
    /// The known person that a camera saw last.
    struct LastSeen {
        std::string subject_id;
        std::string time;  ///< capture time in ISO 8601, so that strings sort by time
    };

    explicit Presence(Options options) : options_(options) {}

    /// Adds a camera before its first message.
    void add_camera(const std::string& camera);
    /// Sets the known person that a camera saw last, for example after a restart, unless the camera
    /// already has a later one.
    void add_last_seen(const std::string& camera, LastSeen last);
    /// Processes a track event.
    void update(const wire::Track& event, Time now);
    /// Processes a result. `age`: see ResultListener. A result whose age is
    /// `absent_after` or more sets the person of its track, but does not bring the track into view.
    void update(const wire::Identity& identity, std::chrono::nanoseconds age, Time now);

    /// Returns the current state of each camera, by camera name.
    std::map<std::string, Camera> cameras(Time now);
    /// Returns the known person that each camera saw last, by camera name.
    [[nodiscard]] const std::map<std::string, LastSeen>& last_seen() const { return last_seen_; }
    /// Returns the number of messages skipped because there were too many cameras or tracks.
    [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

  private:
    struct Track {
        std::string camera;
        Time last_message;
        std::optional<Time> ended{};  ///< time of the end; empty while the track is in view
    };
    /// Facts about a track that are kept even when it is no longer in view.
    struct TrackInfo {
        std::string subject_id{};  ///< known person of the track; empty: none
        bool ended = false;        ///< the track ended, so later messages do not reopen it
    };

    /// Ends tracks without messages for `absent_after`. Drops tracks that ended at least `linger`
    /// ago.
    void expire(Time now);
    /// Brings a track into view, or keeps it there, unless it has ended.
    void touch(const std::string& id, const std::string& camera, Time now);
    void end(Track& track, Time now) const;
    /// Returns the info of a track; creates it if necessary.
    TrackInfo& info(const std::string& track);
    [[nodiscard]] std::string subject_of(const std::string& track) const;

    Options options_;
    std::set<std::string> cameras_;
    std::map<std::string, Track> tracks_;     ///< tracks in view or ended less than `linger` ago
    std::map<std::string, TrackInfo> infos_;  ///< by track; includes tracks that are not in view
    std::deque<std::string> infos_order_;     ///< keys of `infos_`, oldest first
    std::map<std::string, LastSeen> last_seen_;
    std::uint64_t skipped_ = 0;
};

}  // namespace facebus::gateway
