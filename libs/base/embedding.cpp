#include "base/embedding.hpp"

#include <cmath>
#include <numeric>

namespace facebus {

std::size_t dimensions_of(std::string_view model_id) {
    return model_id.starts_with("sface-") ? sface_size : embedding_size;
}

float similarity(const Embedding& a, const Embedding& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

void normalise(Embedding& embedding) {
    const float norm = std::sqrt(similarity(embedding, embedding));
    if (norm == 0) return;
    for (float& value : embedding) value /= norm;
}

}  // namespace facebus
