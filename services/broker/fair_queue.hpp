// Order in which waiting probes are sent to workers.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace facebus::broker {

/// Queue of the ids of waiting probes. Edges take turns, and so do the tracks of one edge, so an
/// edge that sends many probes cannot starve the others. The probes of a track leave the queue one
/// at a time and in order: after pop() has returned a probe, its track is busy until release() or
/// give_back(). The ids of tracks and probes are unique over all edges. Not thread-safe.
class FairQueue {
  public:
    /// Appends a new probe to its track.
    void push(const std::string& edge, const std::string& track, std::string probe);

    /// Removes and returns the next probe. Returns nothing if no probe waits, or if each waiting
    /// probe belongs to a busy track.
    std::optional<std::string> pop();

    /// Ends the turn of a busy track, so that pop() can return its next probe.
    void release(const std::string& track);
    /// Ends the turn of a busy track, and puts `probe`, which pop() returned for this track, in
    /// front of the other probes of the track.
    void give_back(const std::string& track, std::string probe);

    /// Removes a probe. Requires: the probe waits.
    void remove(const std::string& track, const std::string& probe);
    /// Removes and returns the last probe of one of the edge's tracks: the track whose turn comes
    /// last or, if all tracks with a waiting probe are busy, any of these. Requires: a probe of the
    /// edge waits.
    std::string remove_last(const std::string& edge);

    [[nodiscard]] std::size_t size() const { return size_; }
    /// Returns the number of waiting probes of one edge.
    [[nodiscard]] std::size_t size(const std::string& edge) const;
    /// Returns the edge with the most waiting probes. Requires: a probe waits.
    [[nodiscard]] const std::string& largest_edge() const;
    /// Returns whether the track is busy or a probe of it waits.
    [[nodiscard]] bool contains(const std::string& track) const { return tracks_.contains(track); }

  private:
    struct Track {
        std::string edge;
        std::deque<std::string> probes{};  ///< waiting probes, the next one first
        bool busy = false;
    };
    struct Edge {
        /// Tracks that are not busy and have a waiting probe, each once, in the order of their
        /// turns.
        std::deque<std::string> ready{};
        std::size_t waiting = 0;  ///< waiting probes, including those of busy tracks
    };

    void add_turn(const std::string& track);
    void remove_turn(const std::string& track);
    void forget_probe(const std::string& track);

    std::unordered_map<std::string, Track> tracks_;  ///< tracks for which contains() is true
    std::unordered_map<std::string, Edge> edges_;    ///< edges with a waiting probe
    std::deque<std::string> turns_;  ///< edges with a ready track, each once, in turn order
    std::size_t size_ = 0;           ///< number of waiting probes
};

}  // namespace facebus::broker
