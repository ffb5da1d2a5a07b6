// From Redis to a snapshot: all of it, or what changed since the one before.
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

/// A sample and whose it is.
struct SampleKey {
    std::string subject;
    std::string id;
};

/// Each sample, or why it can't be used: malformed. Other errors as in gallery/redis.hpp.
Result<std::vector<Result<Sample>>> read_samples(Redis& redis,
                                                 const std::vector<SampleKey>& samples);

/// The newest id in the change stream, "0-0" if nothing was ever written. Malformed: it is none.
Result<std::string> gallery_version(Redis& redis);

/// What was written since.
struct GalleryChanges {
    std::string version;  ///< the newest id
    /// The parts in which subjects changed; see keys::part_of().
    std::set<std::string> parts;
    /// Whether the change stream still tells of all since, in a way that is understood: if not,
    /// only reading all helps.
    bool complete = false;
};
Result<GalleryChanges> changes_since(Redis& redis, const std::string& version);

/// The whole gallery. What is written meanwhile may or may not be in it, so `version` is to be that
/// of before. Holds a small part of it in memory twice.
Result<Snapshot> load_gallery(Redis& redis, const std::string& model_id, std::string version);

/// The gallery with these parts read anew.
Result<Snapshot> reload_parts(Redis& redis, const Snapshot& gallery,
                              const std::set<std::string>& parts, std::string version);

}  // namespace facebus::gallery
