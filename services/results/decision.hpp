// Converts the verdict of the gallery library to the decision in a result. The conversion is here
// because the libraries gallery and wire do not depend on each other.
#pragma once

#include <utility>

#include "gallery/decide/decision.hpp"
#include "wire/messages.hpp"

namespace facebus::results {

constexpr wire::Decision to_decision(gallery::Verdict verdict) {
    switch (verdict) {
        case gallery::Verdict::known:
            return wire::Decision::known;
        case gallery::Verdict::unknown:
            return wire::Decision::unknown;
        case gallery::Verdict::undecided:
            return wire::Decision::undecided;
    }
    std::unreachable();
}

}  // namespace facebus::results
