// Loads snapshots of the gallery from Redis: the whole gallery or only the parts that changed.
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

/// Ids of a sample and of its subject.
struct SampleKey {
    std::string subject;  ///< id of the subject
    std::string id;       ///< id of the sample
};

/// Reads the samples. Returns one result per sample, in order: the sample, or an error if it cannot
/// be read or decoded or belongs to another subject. Fails as a whole only if the connection fails
/// or Redis is temporarily unable to run commands; see class Redis.
Result<std::vector<Result<Sample>>> read_samples(Redis& redis,
                                                 const std::vector<SampleKey>& samples);

/// Returns the version of the gallery: the newest id in the change stream, or "0-0" if the stream
/// is empty. Fails with `malformed` if the newest id is invalid.
Result<std::string> gallery_version(Redis& redis);

/// Changes of the gallery since a version.
struct GalleryChanges {
    std::string version;          ///< version of the gallery after these changes
    std::set<std::string> parts;  ///< parts with changed subjects; see keys::part_of()
    /// Whether these are all changes between the version passed to changes_since() and `version`.
    /// False if the change stream was trimmed or contains entries that this version of facebus does
    /// not understand. If false, reload the whole gallery.
    bool complete = false;
};
/// Returns the changes since `version`. Reads at most about 100,000 of them, oldest first.
Result<GalleryChanges> changes_since(Redis& redis, const std::string& version);

/// Loads the whole gallery. `version` becomes the version of the snapshot. Requires: `version` was
/// read before the call, because the snapshot may miss changes that are written during the call. At
/// any time, only a small part of the gallery is in memory twice.
Result<Snapshot> load_gallery(Redis& redis, const std::string& model_id, std::string version);

/// Returns a snapshot that equals `gallery`, but with the given parts read again from Redis.
Result<Snapshot> reload_parts(Redis& redis, const Snapshot& gallery,
                              const std::set<std::string>& parts, std::string version);

}  // namespace facebus::gallery
