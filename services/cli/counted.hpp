// Formats numbers of things.
#pragma once

#include <cstddef>
#include <string>

#include <fmt/format.h>

namespace facebus::cli {

/// Returns "1 <one>" or "<count> <several>".
inline std::string counted(std::size_t count, const char* one, const char* several) {
    return fmt::format("{} {}", count, count == 1 ? one : several);
}

}  // namespace facebus::cli
