#include "vision/kernels/instructions.hpp"

namespace facebus::vision {

const std::vector<Instructions>& known_instructions() {
    static const std::vector<Instructions> known = [] {
        std::vector<Instructions> found;
#if defined(__x86_64__)
        const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
        if (avx2 && __builtin_cpu_supports("avx512f") != 0) found.push_back(Instructions::avx512);
        if (avx2) found.push_back(Instructions::avx2);
#endif
        found.push_back(Instructions::plain);
        return found;
    }();
    return known;
}

Instructions best_instructions() {
    static const Instructions best = known_instructions().front();
    return best;
}

std::string name_of(Instructions instructions) {
    switch (instructions) {
        case Instructions::avx512:
            return "avx512";
        case Instructions::avx2:
            return "avx2";
        case Instructions::plain:
            break;
    }
    return "plain";
}

}  // namespace facebus::vision
