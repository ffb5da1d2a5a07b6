// Loads snapshots of the gallery from Redis, completely or only the changed parts.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "gallery/match/snapshot.hpp"
#include "gallery/redis/redis.hpp"
#include "gallery/subject.hpp"

namespace facebus::gallery {

/// Id of a sample and of its subject.
struct SampleKey {
    std::string subject;
    std::string id;
};

/// Reads samples. Each result is the sample, or `malformed` if its record does not decode. Errors
/// as in class Redis.
Result<std::vector<Result<Sample>>> read_samples(Redis& redis,
                                                 const std::vector<SampleKey>& samples);

/// Returns the newest id in the change stream, "0-0" if nothing was ever written. Fails with
/// `malformed` if it is not a stream id.
Result<std::string> gallery_version(Redis& redis);

/// Changes of the gallery since a version.
struct GalleryChanges {
    std::string version;          ///< the newest id
    std::set<std::string> parts;  ///< parts with changed subjects; see keys::part_of()
    /// Whether the change stream contains every change since, in a form that this version of
    /// facebus understands. If not, reload the whole gallery.
    bool complete = false;
};
/// Returns the changes since `version`.
Result<GalleryChanges> changes_since(Redis& redis, const std::string& version);

/// Loads the whole gallery. A change written meanwhile is included or not, so `version` must be
/// that from before the call. Only a small part of the gallery is in memory twice.
Result<Snapshot> load_gallery(Redis& redis, const std::string& model_id, std::string version);

/// Returns the gallery with these parts reloaded.
Result<Snapshot> reload_parts(Redis& redis, const Snapshot& gallery,
                              const std::set<std::string>& parts, std::string version);

}  // namespace facebus::gallery
