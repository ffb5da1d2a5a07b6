// Strangers that were seen, until somebody says who they are.
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

/// The face of a track that is nobody's in the gallery.
struct InboxFace {
    std::string id;
    std::string camera;
    std::string track;
    std::int64_t seen = 0;  ///< capture time, ns UTC
    std::int64_t gone = 0;  ///< when its track ended; as `seen` while that is not known
    Quality quality;
    Embedding embedding{};
    std::string picture;  ///< JPEG of the crop
};

/// Faces of strangers in memory, one a track, and nowhere else: after a restart they are gone, and
/// no file holds them. At most `most` of them, none older than `age`. Thread-safe.
class Inbox {
  public:
    using Face = std::shared_ptr<const InboxFace>;
    /// The faces of one person, newest first.
    using Group = std::vector<Face>;

    Inbox(std::size_t most, std::chrono::seconds age) : most_(most), age_(age) {}

    /// Takes the place of what was there of its track. The oldest goes where there are too many.
    void add(InboxFace face);
    /// The track turned out to be somebody.
    void forget_track(const std::string& track);
    /// From when on its place may be taken by somebody else.
    void end_track(const std::string& track, std::int64_t when);

    /// By person, who was seen last first. `least` is the average similarity that makes two groups
    /// one person: group_by_person() says more.
    [[nodiscard]] std::vector<Group> groups(double least) const;
    /// Those of these ids that are there.
    [[nodiscard]] std::vector<Face> find(const std::vector<std::string>& ids) const;

    void remove(const std::vector<Face>& faces);
    void forget_if(const std::function<bool(const InboxFace&)>& unwanted);
    /// Drops what is too old.
    void forget_old(std::int64_t now_ns);

    [[nodiscard]] std::size_t size() const;

  private:
    /// What groups() has come to: pages ask again and again, and every pair of faces is compared.
    struct Grouped {
        std::uint64_t change = 0;
        double least = 0;
        std::vector<Group> groups;
    };

    std::size_t most_;
    std::chrono::nanoseconds age_;
    mutable std::mutex mutex_;
    std::deque<Face> faces_;    ///< in the order in which they came
    std::uint64_t change_ = 1;  ///< counts changes of them
    mutable Grouped grouped_;
};

}  // namespace facebus::gateway
