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

/// Reads the samples with the given keys. Returns one result per key, in the same order. A result
/// is an error if the sample cannot be read or decoded, or belongs to another subject. Fails as a
/// whole only if the connection fails or Redis is temporarily unable to run commands; see class
/// Redis. `model_id`: see decode_sample().
Result<std::vector<Result<Sample>>> read_samples(Redis& redis,
                                                 const std::vector<SampleKey>& samples,
                                                 const std::string& model_id = {});

/// Returns the version of the gallery: the newest id in the change stream, or "0-0" if the stream
/// is empty. Fails with `malformed` if the newest id is invalid, and with the
/// errors of check_format().
Result<std::string> gallery_version(Redis& redis);

/// Changes of the gallery since an earlier version.
struct GalleryChanges {
    std::string version;          ///< version of the gallery after these changes
    std::set<std::string> parts;  ///< parts with changed subjects; see keys::part_of()
    /// Whether these are all changes between the version passed to changes_since() and `version`.
    /// False if the entry of that version was trimmed from the change stream, or if the stream
    /// contains entries that this version of facebus does not understand. If false, the whole
    /// gallery must be reloaded.
    bool complete = false;
};
/// Returns the changes since `version`. Reads them oldest first and stops after about 100,000;
/// GalleryChanges::version is then the version after the last change that was read.
Result<GalleryChanges> changes_since(Redis& redis, const std::string& version);

/// Loads the whole gallery, except subjects without a valid name and samples that cannot be read.
/// `version` becomes the version of the snapshot. The snapshot may miss changes that are written
/// during the call. Requires: `version` was read before the call, so that changes_since() returns
/// these changes later. At any time, only a small part of the gallery is in memory twice. `space`:
/// see Snapshot::Builder.
Result<Snapshot> load_gallery(Redis& redis, const std::string& model_id, std::string version,
                              std::shared_ptr<const ScoreSpace> space);

/// Returns a copy of `gallery` in which the given parts are read again from Redis. `version`: see
/// load_gallery().
Result<Snapshot> reload_parts(Redis& redis, const Snapshot& gallery,
                              const std::set<std::string>& parts, std::string version);

}  // namespace facebus::gallery
