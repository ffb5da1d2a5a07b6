// What the embedding network makes of a face.
#pragma once

#include <array>
#include <cstddef>

namespace facebus {

inline constexpr std::size_t embedding_size = 512;

/// A face as a unit vector; the dot product of two is their cosine similarity.
using Embedding = std::array<float, embedding_size>;

/// Cosine similarity of two unit vectors, in [-1, 1].
float similarity(const Embedding& a, const Embedding& b);

/// Scales to length 1. A vector of length 0 stays as it is.
void normalise(Embedding& embedding);

}  // namespace facebus
