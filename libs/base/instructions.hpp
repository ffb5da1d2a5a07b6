// Detection of the vector instruction sets of this processor.
#pragma once

#include <string>
#include <vector>

namespace facebus {

/// Instruction sets for which facebus contains separate code, slowest first. `plain` is available
/// on every processor: SSE2 on x86-64, NEON on arm64. `avx2` includes FMA; `avx512` is AVX-512F;
/// `vnni` adds AVX-512BW and AVX-512 VNNI.
enum class Instructions { plain, avx2, avx512, vnni };

/// Returns those instruction sets that this processor supports, fastest first.
const std::vector<Instructions>& supported_instructions();
/// Returns the first of supported_instructions().
Instructions best_instructions();
/// Returns the name for logs and reports, such as "avx512vnni".
std::string name_of(Instructions instructions);

}  // namespace facebus
