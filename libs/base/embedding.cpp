#include "base/embedding.hpp"

#include <cmath>
#include <numeric>

namespace facebus {

float similarity(const Embedding& a, const Embedding& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

void normalise(Embedding& embedding) {
    const float norm = std::sqrt(similarity(embedding, embedding));
    if (norm == 0) return;
    for (float& value : embedding) value /= norm;
}

}  // namespace facebus
