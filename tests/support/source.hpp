// Where a test finds the files of the source tree.
#pragma once

#include <filesystem>

namespace facebus::test {

/// Returns the root of the source tree. Only source.cpp is compiled with its path, so that a
/// compiler cache serves the tests of every checkout.
std::filesystem::path source();

}  // namespace facebus::test
