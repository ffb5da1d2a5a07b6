// Embeddings that a test can tell apart.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>

#include <fmt/format.h>

#include "base/embedding.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::test {

/// A random unit vector, the same for the same seed; two seeds give vectors nearly at right angles.
inline Embedding face(std::uint32_t seed) {
    std::mt19937 random(seed);
    Embedding embedding{};
    for (float& value : embedding) {
        // The standard fixes this engine's numbers but no distribution's.
        value = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
    }
    normalise(embedding);
    return embedding;
}

/// A unit vector whose similarity to axis `i` is `cosine`; the rest of it lies on axis `j`.
inline Embedding between(std::size_t i, std::size_t j, float cosine) {
    Embedding embedding{};
    embedding[i] = cosine;
    embedding[j] = std::sqrt(1 - cosine * cosine);
    return embedding;
}

inline Embedding axis(std::size_t i) {
    Embedding embedding{};
    embedding[i] = 1;
    return embedding;
}

/// Up to 16 characters as an id of the gallery, in the same order.
inline std::string id(const std::string& text) {
    std::string digits;
    for (const char c : text) digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
    digits.resize(32, '0');
    return digits;
}

inline gallery::Sample sample(const Embedding& embedding, const std::string& source = "a.jpg",
                              const std::string& model_id = "model-1") {
    gallery::Sample out;
    out.source = source;
    out.model_id = model_id;
    out.quality = 0.8F;
    out.embedding = embedding;
    return out;
}

inline gallery::Probe probe(const std::string& id, const Embedding& embedding, float quality) {
    return {id, embedding, quality};
}

}  // namespace facebus::test
