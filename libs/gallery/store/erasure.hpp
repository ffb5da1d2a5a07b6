// What is left of a subject outside the gallery, and how it goes.
#pragma once

#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/error.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Of two pictures of one person hardly any pair is less alike, of two people most are: what is
/// forgotten of somebody else only has to be collected anew.
inline constexpr float plausible_match = 0.3F;

/// Drops the memory of every track with a face that is even remotely like one of `samples`, which
/// is far below any threshold, and of every track that does not decode. A result names only those
/// tracks that were recognised; this finds the others. Errors as in gallery/redis.hpp.
Result<void> forget_tracks(Redis& redis, const std::vector<Embedding>& samples);

/// Has Redis write its files on disk anew, since they hold what was deleted until then. It does so
/// in the background. Gives what has to be done by hand, because Redis did not let us; empty if
/// nothing. Errors as in gallery/redis.hpp.
Result<std::string> rewrite_files(Redis& redis);

}  // namespace facebus::gallery
