// Last decision about each track.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "wire/messages.hpp"

namespace facebus::broker {

/// Decides which results are published: those whose decision differs from the previous decision
/// about the same track. Not thread-safe.
class LastDecisions {
  public:
    /// Remembers the decisions about at most `capacity` tracks, because an edge might fail to
    /// report that a track ended. At worst, a forgotten decision causes a result to be repeated or
    /// a retraction to be omitted.
    explicit LastDecisions(std::size_t capacity) : capacity_(capacity) {}

    /// Records the decision about a track and returns whether to publish it. A later decision is
    /// published if it differs from the one before. The first decision is published unless the
    /// person is ignored: then there is no earlier result to retract.
    [[nodiscard]] bool update(const std::string& track, const wire::Identity& identity);
    void forget(const std::string& track) { decided_.erase(track); }

  private:
    /// The fields of an identity that count as its decision.
    struct Decided {
        wire::Decision decision{};
        std::optional<std::string> subject_id;
        std::set<std::string> candidates;  ///< ids of the two subjects of an ambiguous match
        bool ignored = false;
        bool operator==(const Decided&) const = default;
    };

    std::size_t capacity_;
    std::unordered_map<std::string, Decided> decided_;  ///< by track
};

}  // namespace facebus::broker
