// Private to the implementation of Store: a planned write, and two errors.
#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>

#include "gallery/store/store.hpp"

namespace facebus::gallery {

/// A write to the gallery that is not yet committed.
struct Store::Plan {
    std::string op;    ///< kind of the change, for the change stream
    std::string part;  ///< part of the changed subject; empty if no subject changes
    std::vector<Redis::Command> commands;  ///< commands that perform the write
};

/// Returns the error for a name that no subject has.
inline Error unknown_subject(const std::string& name) {
    return {ErrorKind::refused, fmt::format("the gallery has no subject named \"{}\"; `facebus "
                                            "gallery list` shows all names",
                                            name)};
}

/// Returns the error for an id that no sample has.
inline Error unknown_sample() {
    return {ErrorKind::refused,
            "the gallery has no sample with this id; `facebus gallery show NAME` shows the ids"};
}

}  // namespace facebus::gallery
