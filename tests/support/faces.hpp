// Synthetic embeddings, samples and probes.
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

/// Returns a random unit vector that depends only on the seed. The vectors of different seeds are
/// nearly orthogonal.
inline Embedding face(std::uint32_t seed) {
    std::mt19937 random(seed);
    Embedding embedding{};
    for (float& value : embedding) {
        // The C++ standard specifies the output of this engine, but not that of the distributions.
        value = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
    }
    normalise(embedding);
    return embedding;
}

/// Returns a unit vector in the plane of the axes `i` and `j`, with similarity `cosine` to axis
/// `i`.
inline Embedding between(std::size_t i, std::size_t j, float cosine) {
    Embedding embedding{};
    embedding[i] = cosine;
    embedding[j] = std::sqrt(1 - cosine * cosine);
    return embedding;
}

/// Returns the unit vector along axis `i`.
inline Embedding axis(std::size_t i) {
    Embedding embedding{};
    embedding[i] = 1;
    return embedding;
}

/// Returns a gallery id that encodes up to 16 characters of `text`. The ids have the same order as
/// the texts.
inline std::string id(const std::string& text) {
    std::string digits;
    for (const char c : text) digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
    digits.resize(32, '0');
    return digits;
}

/// Returns a sample with a quality of 0.8.
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
