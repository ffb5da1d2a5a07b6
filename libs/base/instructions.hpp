// Vector instructions of this processor, for code with one variant for each kind.
#pragma once

#include <string>
#include <vector>

namespace facebus {

/// In order of preference, worst first. `plain` is what every processor has: SSE2 on x86-64, NEON
/// on arm64. `avx2` includes FMA; `avx512` is AVX-512F; `vnni` adds AVX-512BW and AVX-512 VNNI.
enum class Instructions { plain, avx2, avx512, vnni };

/// Returns the instructions that this processor has, best first.
const std::vector<Instructions>& known_instructions();
/// Returns the first of known_instructions().
Instructions best_instructions();
std::string name_of(Instructions instructions);

}  // namespace facebus
