// Location of the source tree.
#pragma once

#include <filesystem>

namespace facebus::test {

/// Returns the root of the source tree. Only source.cpp is compiled with this path, so that all
/// other files can share a compiler cache between checkouts.
std::filesystem::path source();

}  // namespace facebus::test
