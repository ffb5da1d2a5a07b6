// Hides people who were removed from the gallery, or are ignored, in results that arrive later.
#pragma once

#include <optional>

#include "gallery/match/snapshot.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

/// Returns whether the result names somebody who was removed, as the known person or as one
/// that the track resembles. A subject was removed if it is missing or ignored in `gallery`
/// although the copy of the gallery that the worker used is not newer. (Otherwise the subject may
/// have just been enrolled or reported again.)
bool names_removed(const wire::Identity& identity, const gallery::Snapshot& gallery);

/// Returns the result without a runner-up who was removed, or nothing if the known person or one of
/// the two people of an ambiguous result was removed. Such results come from workers whose copy of
/// the gallery was out of date, from queues, or from the history while an erasure is pending.
std::optional<wire::Identity> without_removed(const wire::Identity& identity,
                                              const gallery::Snapshot& gallery);

}  // namespace facebus::gateway
