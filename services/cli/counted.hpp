// Formats a number with its noun.
#pragma once

#include <cstddef>
#include <string>

#include <fmt/format.h>

namespace facebus::cli {

/// Returns for example "1 person" or "2 people".
inline std::string counted(std::size_t count, const char* singular, const char* plural) {
    return fmt::format("{} {}", count, count == 1 ? singular : plural);
}

}  // namespace facebus::cli
