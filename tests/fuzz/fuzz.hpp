// Helpers shared by the fuzz targets.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

namespace facebus::fuzz {

/// Aborts if `condition` is false; libFuzzer reports that as a finding. `expectation` describes the
/// condition.
inline void require(bool condition, const char* expectation) {
    if (condition) return;
    std::fprintf(stderr, "not true: %s\n", expectation);
    std::abort();
}

/// Returns the input of the fuzzer as text.
inline std::string_view text(const unsigned char* data, std::size_t size) {
    const void* raw = data;
    return {static_cast<const char*>(raw), size};
}

}  // namespace facebus::fuzz
