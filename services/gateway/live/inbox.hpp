// Faces of unknown people, ready to be named.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/image.hpp"

namespace facebus::gateway {

/// Face of a track that matches no subject.
struct InboxFace {
    std::string id;
    std::string camera;
    std::string track;
    std::int64_t seen = 0;   ///< capture time, ns UTC
    std::int64_t ended = 0;  ///< end of the track, ns UTC; equals `seen` until it is known
    Quality quality;
    Embedding embedding{};
    std::string jpeg;  ///< crop of the face
};

/// Keeps up to `max_faces` faces of unknown people, one per track, none older than `age`. They are
/// in memory only: no file contains them, and a restart drops them. Thread-safe.
class Inbox {
  public:
    using Face = std::shared_ptr<const InboxFace>;
    /// Faces of one person, newest first.
    using Group = std::vector<Face>;

    Inbox(std::size_t max_faces, std::chrono::seconds age) : max_faces_(max_faces), age_(age) {}

    /// Adds a face; it replaces an earlier face of the same track. Drops the oldest if full.
    void add(InboxFace face);
    /// Drops the face of a track, for example because the person was recognised.
    void forget_track(const std::string& track);
    /// Records when a track ended. Faces of tracks that overlap on one camera are different people.
    void end_track(const std::string& track, std::int64_t when);

    /// Groups the faces by person, most recently seen person first. `min_similarity`: see
    /// people::group_by_person().
    [[nodiscard]] std::vector<Group> groups(double min_similarity) const;
    /// Returns the faces with these ids. Skips ids that do not exist.
    [[nodiscard]] std::vector<Face> find(const std::vector<std::string>& ids) const;

    void remove(const std::vector<Face>& faces);
    void forget_if(const std::function<bool(const InboxFace&)>& unwanted);
    /// Drops faces older than `age`.
    void forget_old(std::int64_t now_ns);

    [[nodiscard]] std::size_t size() const;

  private:
    /// Cached result of groups(): pages poll it, and grouping compares every pair of faces.
    struct Grouped {
        std::uint64_t change = 0;
        double min_similarity = 0;
        std::vector<Group> groups;
    };

    std::size_t max_faces_;
    std::chrono::nanoseconds age_;
    mutable std::mutex mutex_;
    std::deque<Face> faces_;    ///< in order of arrival
    std::uint64_t change_ = 1;  ///< incremented with every change of `faces_`
    mutable Grouped grouped_;
};

}  // namespace facebus::gateway
