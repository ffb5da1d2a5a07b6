// Location of the source tree.
#pragma once

#include <filesystem>

namespace facebus::test {

/// Returns the root of the source tree. Only source.cpp is compiled with this path, so the compiler
/// cache is shared between checkouts.
std::filesystem::path source();

}  // namespace facebus::test
