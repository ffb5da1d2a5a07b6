// Who is where, from tracks and results.
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

/// Follows tracks and the last result of each. A track is in view from its first event or result
/// until its end, the end of its stream, or `silence` without a word of it: then its camera, the
/// broker or the way to it is gone. Whoever a track shows stays present for `linger` after its end,
/// so that one track may follow another. No clock and no sockets: the time is passed in, and never
/// goes back. What hostile senders could make grow has a bound; beyond it cameras and tracks are
/// passed over. Not thread-safe.
class Presence {
  public:
    using Time = Monotonic::time_point;
    struct Options {
        std::chrono::milliseconds silence{20'000};
        std::chrono::milliseconds linger{5'000};
    };
    struct Camera {
        /// People in view: those who are known, each once, and every other track. A track that has
        /// just begun may be whoever has just left, and is not counted beside them.
        std::size_t count = 0;
        std::set<std::string> people{};  ///< ids of the subjects
    };
    struct LastSeen {
        std::string subject_id;
        std::string time;  ///< ISO 8601, so that it can be compared
    };

    explicit Presence(Options options) : options_(options) {}

    /// A camera that there is, though nothing was heard of it yet.
    void add_camera(const std::string& camera);
    /// What was told of a camera before this object was made; what is newer counts.
    void add_last_seen(const std::string& camera, LastSeen last);
    void take(const wire::Track& event, Time now);
    /// `age`: since it was published. One that is older than `silence` tells who a track shows, but
    /// not that it is in view.
    void take(const wire::Identity& identity, std::chrono::nanoseconds age, Time now);

    /// As it is now, with all cameras.
    std::map<std::string, Camera> cameras(Time now);
    /// The last known person of each camera, where there was one.
    [[nodiscard]] const std::map<std::string, LastSeen>& last_seen() const { return last_seen_; }
    /// Messages passed over because there were too many cameras or tracks.
    [[nodiscard]] std::uint64_t passed_over() const { return passed_over_; }

  private:
    struct Track {
        std::string camera;
        Time heard;
        std::optional<Time> ended{};
    };
    struct Fact {
        std::string subject_id{};  ///< empty: nobody who is known
        bool ended = false;
    };

    void expire(Time now);
    void hear(const std::string& id, const std::string& camera, Time now);
    void end(Track& track, Time now) const;
    Fact& fact(const std::string& track);
    [[nodiscard]] std::string subject_of(const std::string& track) const;

    Options options_;
    std::set<std::string> cameras_;
    std::map<std::string, Track> tracks_;  ///< in view, or lingering
    std::map<std::string, Fact> facts_;    ///< also of tracks that are over, or to come
    std::deque<std::string> facts_order_;  ///< oldest first
    std::map<std::string, LastSeen> last_seen_;
    std::uint64_t passed_over_ = 0;
};

}  // namespace facebus::gateway
