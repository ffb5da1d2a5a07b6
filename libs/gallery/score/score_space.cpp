#include "gallery/score/score_space.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

namespace facebus::gallery {
namespace {

/// Returns the mean of the `nearest` highest of every `stride`-th product, each multiplied by the
/// scale of its vector.
float mean_of_highest(const std::int32_t* products, std::size_t stride, const CoarseProbes& vectors,
                      std::vector<float>& highest) {
    // `highest` is a heap with the lowest value at the front. Nearly all values are below it.
    std::ranges::fill(highest, -std::numeric_limits<float>::infinity());
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        const float value = static_cast<float>(products[i * stride]) * vectors.scale(i);
        if (value <= highest.front()) continue;
        std::ranges::pop_heap(highest, std::greater{});
        highest.back() = value;
        std::ranges::push_heap(highest, std::greater{});
    }
    float sum = 0;
    for (const float value : highest) sum += value;
    return sum / static_cast<float>(highest.size());
}

/// Computes -m(x) / 2 for `count` embeddings with these vectors; see ScoreSpace::offsets().
void compute_offsets(const std::int8_t* high, const float* scales, std::size_t count,
                     const CoarseProbes& vectors, std::size_t nearest, float* out) {
    // Small blocks of rows stay in the cache while they are multiplied with all vectors.
    constexpr std::size_t block = 32;
    std::vector<std::int32_t> products(block * vectors.size());
    std::vector<float> highest(nearest);
    for (std::size_t first = 0; first < count; first += block) {
        const auto rows = std::min(block, count - first);
        coarse_products(high + first * embedding_size, rows, vectors, products.data());
        for (std::size_t row = 0; row < rows; ++row) {
            const float scale = scales[first + row] * high_step;
            out[first + row] =
                -0.5F * scale * mean_of_highest(products.data() + row, rows, vectors, highest);
        }
    }
}

bool is_zero(const Embedding& embedding) {
    return std::ranges::all_of(embedding, [](float value) { return value == 0; });
}

}  // namespace

ScoreSpace::ScoreSpace(const Cohort& cohort)
    : model_id_(cohort.model_id),
      mean_(cohort.mean),
      rest_(1 - similarity(cohort.mean, cohort.mean)),
      vectors_(std::span(cohort.vectors)),
      nearest_(cohort.nearest) {}

ScoreSpace::ScoreSpace(const Cohort& cohort, std::string id,
                       std::shared_ptr<const Adaptation> adaptation)
    : ScoreSpace(cohort) {
    adaptation_ = std::move(adaptation);
    adaptation_id_ = std::move(id);
    if (adaptation_ && !adaptation_->vectors.empty()) {
        sample_vectors_.emplace(std::span(adaptation_->vectors));
    }
}

std::shared_ptr<const ScoreSpace> ScoreSpace::of(const std::string& model_id) {
    static std::mutex mutex;
    static std::map<std::string, std::shared_ptr<const ScoreSpace>> spaces;
    static const auto plain = std::make_shared<const ScoreSpace>();
    const auto* cohort = find_cohort(model_id);
    if (cohort == nullptr) return plain;
    const std::lock_guard lock(mutex);
    auto& space = spaces[model_id];
    if (!space) space = std::make_shared<const ScoreSpace>(*cohort);
    return space;
}

std::shared_ptr<const ScoreSpace> ScoreSpace::of(const std::string& model_id, std::string id,
                                                 std::shared_ptr<const Adaptation> adaptation) {
    if (id.empty()) return of(model_id);
    if (const auto* cohort = find_cohort(model_id)) {
        return std::make_shared<const ScoreSpace>(*cohort, std::move(id), std::move(adaptation));
    }
    auto plain = std::make_shared<ScoreSpace>();
    plain->adaptation_id_ = std::move(id);
    return plain;
}

Embedding ScoreSpace::adapted(const Embedding& probe) const {
    return is_zero(probe) ? probe : original(adaptation_->centred(probe));
}

Embedding ScoreSpace::centred(const Embedding& embedding) const {
    if (!has_cohort() || is_zero(embedding)) return embedding;
    Embedding out;
    for (std::size_t i = 0; i < embedding_size; ++i) out[i] = embedding[i] - mean_[i];
    normalise(out);
    return out;
}

Embedding ScoreSpace::original(const Embedding& centred) const {
    if (!has_cohort() || is_zero(centred)) return centred;
    // The original x = mean + n * centred has norm 1, so n is the positive root of
    //   n^2 + 2 * n * (mean * centred) + |mean|^2 - 1 = 0.
    const float common = similarity(mean_, centred);
    const float norm = -common + std::sqrt(std::max(common * common + rest_, 0.0F));
    Embedding out;
    for (std::size_t i = 0; i < embedding_size; ++i) out[i] = mean_[i] + norm * centred[i];
    normalise(out);
    return out;
}

void ScoreSpace::offsets(const std::int8_t* high, const float* scales, std::size_t count,
                         float* out) const {
    if (has_cohort()) {
        compute_offsets(high, scales, count, *vectors_, nearest_, out);
    } else {
        std::fill(out, out + count, 0.0F);
    }
}

void ScoreSpace::sample_offsets(const std::int8_t* high, const float* scales, std::size_t count,
                                float* out) const {
    if (!sample_vectors_) {
        offsets(high, scales, count, out);
        return;
    }
    compute_offsets(high, scales, count, *sample_vectors_, adaptation_->nearest, out);
    for (std::size_t i = 0; i < count; ++i) out[i] += adaptation_->sample_shift;
}

float ScoreSpace::offset(const Embedding& centred) const {
    if (!has_cohort() || is_zero(centred)) return 0;
    const auto quantised = compact(centred);
    float out = 0;
    offsets(quantised.high.data(), &quantised.scale, 1, &out);
    return out;
}

float ScoreSpace::score(const Embedding& a, const Embedding& b) const {
    const auto x = centred(a);
    const auto y = centred(b);
    return similarity(x, y) + offset(x) + offset(y);
}

}  // namespace facebus::gallery
