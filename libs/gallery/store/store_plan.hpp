// Private to the store: a write before it is one.
#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>

#include "gallery/store/store.hpp"

namespace facebus::gallery {

/// A write, as seen from one look at the gallery.
struct Store::Plan {
    std::string op;
    std::string part;  ///< where a subject changes; else empty
    std::vector<Redis::Command> commands;
    std::vector<std::string> forget;  ///< ids whose results are to go
};

inline Error nobody(const std::string& name) {
    return {ErrorKind::refused, fmt::format("the gallery has no subject named \"{}\"", name)};
}

}  // namespace facebus::gallery
