// Private to the store: a planned write.
#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>

#include "gallery/store/store.hpp"

namespace facebus::gallery {

/// A write to the gallery, planned from one version of it and not yet committed.
struct Store::Plan {
    std::string op;
    std::string part;  ///< part of the changed subject; empty if no subject changes
    std::vector<Redis::Command> commands;
    std::vector<std::string> forget;  ///< ids whose results must be erased
};

inline Error unknown_subject(const std::string& name) {
    return {ErrorKind::refused, fmt::format("the gallery has no subject named \"{}\"", name)};
}

}  // namespace facebus::gallery
