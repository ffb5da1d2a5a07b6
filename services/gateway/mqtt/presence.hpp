// Derives from tracks and results who is at which camera.
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

/// Follows tracks and the latest result of each. A track is in view from its first event or result
/// until it ends, its stream ends, or no message arrives for `absent_after` (camera, broker or
/// network failed). The person on a track stays present for `linger` after its end, to bridge the
/// gap to the next track. Callers pass the time, which must not decrease. The numbers of cameras
/// and tracks are bounded; messages beyond the bound are skipped. Not thread-safe.
class Presence {
  public:
    using Time = Monotonic::time_point;
    struct Options {
        std::chrono::milliseconds absent_after{20'000};
        std::chrono::milliseconds linger{5'000};
    };
    struct Camera {
        /// Number of people present: each known person once, plus every other track. A new track
        /// without a name may be a person who has just left, so it replaces one of those.
        std::size_t count = 0;
        std::set<std::string> people{};  ///< subject ids
    };
    struct LastSeen {
        std::string subject_id;
        std::string time;  ///< ISO 8601, hence comparable
    };

    explicit Presence(Options options) : options_(options) {}

    /// Adds a camera before its first message.
    void add_camera(const std::string& camera);
    /// Restores the last known person of a camera from before a restart. Newer results win.
    void add_last_seen(const std::string& camera, LastSeen last);
    void update(const wire::Track& event, Time now);
    /// `age` is the time since publication. A result older than `absent_after` names its track but
    /// does not bring it into view.
    void update(const wire::Identity& identity, std::chrono::nanoseconds age, Time now);

    /// Returns the current state of all cameras, by name.
    std::map<std::string, Camera> cameras(Time now);
    /// Returns the last known person by camera.
    [[nodiscard]] const std::map<std::string, LastSeen>& last_seen() const { return last_seen_; }
    /// Returns the number of messages skipped because there were too many cameras or tracks.
    [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

  private:
    struct Track {
        std::string camera;
        Time last_message;
        std::optional<Time> ended{};
    };
    struct TrackInfo {
        std::string subject_id{};  ///< empty: no known person
        bool ended = false;
    };

    void expire(Time now);
    void touch(const std::string& id, const std::string& camera, Time now);
    void end(Track& track, Time now) const;
    TrackInfo& info(const std::string& track);
    [[nodiscard]] std::string subject_of(const std::string& track) const;

    Options options_;
    std::set<std::string> cameras_;
    std::map<std::string, Track> tracks_;     ///< in view or lingering
    std::map<std::string, TrackInfo> infos_;  ///< also of tracks that ended or have not started
    std::deque<std::string> infos_order_;     ///< oldest first
    std::map<std::string, LastSeen> last_seen_;
    std::uint64_t skipped_ = 0;
};

}  // namespace facebus::gateway
