// Faces of unknown people, which users can name, ignore or dismiss.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/image.hpp"
#include "gallery/score/score_space.hpp"

namespace facebus::gateway {

/// Face of a track with the decision `unknown`.
struct UnknownFace {
    std::string id;
    std::string camera;
    std::string track;
    std::int64_t seen = 0;   ///< capture time, ns UTC
    std::int64_t ended = 0;  ///< end of the track, ns UTC; equals `seen` until the track ends
    Quality quality;
    Embedding embedding{};
    std::string jpeg;  ///< aligned crop of the face as JPEG
};

/// Keeps up to `max_faces` faces of unknown people in memory, one per track. forget_old() drops
/// those that were seen more than `age` ago. Faces are never written to a file, so a restart drops
/// them. Thread-safe.
class UnknownFaces {
  public:
    using Face = std::shared_ptr<const UnknownFace>;
    /// Faces of one person, newest first.
    using Group = std::vector<Face>;

    UnknownFaces(std::size_t max_faces, std::chrono::seconds age)
        : max_faces_(max_faces), age_(age) {}

    /// Adds a face, which replaces an earlier face of the same track. Drops the oldest face if
    /// there are more than `max_faces`.
    void add(UnknownFace face);
    /// Drops the face of a track, for example because the person was recognised.
    void forget_track(const std::string& track);
    /// Records that a track ended at the time `when` (ns UTC). groups() needs this time: tracks
    /// that overlap in time on one camera show different people.
    void end_track(const std::string& track, std::int64_t when);

    /// Returns the faces, grouped by person. The most recently seen person comes first. See
    /// people::group_by_person().
    [[nodiscard]] std::vector<Group> groups(const gallery::ScoreSpace& space) const;
    /// Returns the faces with these ids. Skips ids that do not exist.
    [[nodiscard]] std::vector<Face> find(const std::vector<std::string>& ids) const;

    /// Drops these faces, if they still exist.
    void remove(const std::vector<Face>& faces);
    /// Drops all faces for which `unwanted` returns true.
    void forget_if(const std::function<bool(const UnknownFace&)>& unwanted);
    /// Drops faces that were seen more than `age` before `now_ns` (ns UTC).
    void forget_old(std::int64_t now_ns);

    [[nodiscard]] std::size_t size() const;

  private:
    /// Must be called after every change of `faces_`. Requires: `mutex_` is locked.
    void record_change();

    std::size_t max_faces_;
    std::chrono::nanoseconds age_;
    mutable std::mutex mutex_;
    std::deque<Face> faces_;     ///< oldest first, by arrival
    std::uint64_t changes_ = 0;  ///< number of changes of `faces_`
    /// Latest result of groups(), unless `faces_` has changed since. Saves time, because grouping
    /// compares every pair of faces, and each open page requests the groups every few seconds.
    mutable std::optional<std::vector<Group>> grouped_;
};

}  // namespace facebus::gateway
