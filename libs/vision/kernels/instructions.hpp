// Private to libs/vision: the vector instructions of this processor, for kernels of our own.
#pragma once

#include <string>
#include <vector>

namespace facebus::vision {

/// A kernel for `plain` takes vectors of four (SSE2, NEON), which every processor has.
enum class Instructions { plain, avx2, avx512 };

/// What this processor has, the widest first.
const std::vector<Instructions>& known_instructions();
/// The widest.
Instructions best_instructions();
std::string name_of(Instructions instructions);

}  // namespace facebus::vision
