// Erases the traces of removed subjects and samples outside the gallery: in the results, in the
// memory of tracks and in Redis's files on disk.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedding.hpp"
#include "base/error.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Similarity above which two embeddings could show the same person. It is far below the usual
/// decision thresholds. Of the pairs of photos of one person in LFW, 99.6% are above it with
/// FaceNet and 99.9% with SFace; of those of two people, 4% and 1%.
inline constexpr float plausible_match = 0.3F;

/// Interval in milliseconds at which to check whether Redis has rewritten its files.
inline constexpr int erasure_poll_ms = 100;

/// What an erasure does next, in this order.
enum class ErasurePhase {
    results,  ///< delete the results that contain a removed id, and the memory of their tracks
    copy,     ///< copy the remaining results to a new stream
    tracks,   ///< delete the memory of tracks that could show a removed person
    files,    ///< make Redis rewrite its files on disk
    none,     ///< nothing: no erasure is pending
};

/// Returns what the phase does, for messages to users, such as "erasing results".
std::string_view describe(ErasurePhase phase);

/// Completes the erasures that Store has recorded in Redis. Its progress is stored in Redis, so any
/// program can continue an erasure after another one was killed, and several programs can run the
/// same erasure at the same time. A step blocks Redis only for some milliseconds, except that Redis
/// forks to rewrite its files. The number of steps increases with the number of results and tracks.
///
/// Erased tracks are those of erased results, and every track that could show the person although
/// no result names the person: every track with a probe whose similarity to a removed sample is
/// above plausible_match, and every track whose memory is damaged. If this deletes the memory of a
/// track of another person, that track only has to collect its probes again. If more than 10,000
/// samples were removed, all tracks are erased.
///
/// Redis's files contain the removed data until Redis has rewritten them, so an erasure is pending
/// until Redis reports a successful rewrite that began after the data was deleted. It does not
/// matter who requested the rewrite.
///
/// Not thread-safe. Errors: see class Redis; also `unavailable` if Redis cannot rewrite its files.
/// After an error the erasure is still pending, and the next step tries again.
class Eraser {
  public:
    /// Throws the errors of the constructor of Redis.
    explicit Eraser(RedisOptions options);

    /// Performs one step and returns the phase of the next step. If that is `files`, the caller
    /// should wait for erasure_poll_ms before the next step, because Redis rewrites its files
    /// meanwhile.
    Result<ErasurePhase> step();
    /// Returns the phase of the next step.
    Result<ErasurePhase> phase();

  private:
    /// Progress of the erasure that runs now.
    struct State {
        std::string id;  ///< id of the erasure; empty if none is pending
        ErasurePhase phase = ErasurePhase::none;
        std::map<std::string, std::string> rewrites;  ///< see rewritten()
    };
    /// Iteration over all tracks in the phase `tracks`. Starts again after an error.
    struct TrackScan {
        std::string erasure{};             ///< id of the erasure
        bool all = false;                  ///< erase all tracks
        std::vector<Embedding> samples{};  ///< removed samples, unless `all` is true
        std::string cursor = "0";          ///< of the next page
    };
    struct File;
    using Info = std::map<std::string, std::string, std::less<>>;

    Result<State> begin();
    static Result<State> decode(const Reply& reply);
    Result<void> run_script(std::string_view script, const std::vector<std::string>& arguments);
    Result<TrackScan> start_scan(const std::string& erasure);
    Result<bool> forget_tracks(const std::string& erasure);
    Result<std::vector<Embedding>> removed_samples();
    Result<Info> info();
    Result<bool> rewritten(const State& state, const File& file);
    Result<bool> rewrite_files(const State& state);

    Redis redis_;
    std::optional<TrackScan> scan_;
    std::string requested_;  ///< field of the file whose rewrite this object has requested last
};

}  // namespace facebus::gallery
