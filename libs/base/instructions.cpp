#include "base/instructions.hpp"

namespace facebus {

const std::vector<Instructions>& supported_instructions() {
    static const std::vector<Instructions> supported = [] {
        std::vector<Instructions> sets{Instructions::plain};
#if defined(__x86_64__)
        const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
        const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") != 0;
        const bool vnni = avx512 && __builtin_cpu_supports("avx512bw") != 0 &&
                          __builtin_cpu_supports("avx512vnni") != 0;
        if (avx2) sets.insert(sets.begin(), Instructions::avx2);
        if (avx512) sets.insert(sets.begin(), Instructions::avx512);
        if (vnni) sets.insert(sets.begin(), Instructions::vnni);
#endif
        return sets;
    }();
    return supported;
}

Instructions best_instructions() {
    static const Instructions best = supported_instructions().front();
    return best;
}

std::string name_of(Instructions instructions) {
    switch (instructions) {
        case Instructions::vnni:
            return "avx512vnni";
        case Instructions::avx512:
            return "avx512";
        case Instructions::avx2:
            return "avx2";
        case Instructions::plain:
            break;
    }
    return "plain";
}

}  // namespace facebus
