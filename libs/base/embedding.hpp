// Face embeddings and their similarity.
#pragma once

#include <array>
#include <cstddef>

namespace facebus {

inline constexpr std::size_t embedding_size = 512;

/// A face as a unit vector. The dot product of two embeddings is their cosine similarity.
using Embedding = std::array<float, embedding_size>;

/// Returns the cosine similarity, in [-1, 1]. Requires: `a` and `b` have length 1.
float similarity(const Embedding& a, const Embedding& b);

/// Scales the vector to length 1. Leaves a vector of length 0 unchanged.
void normalise(Embedding& embedding);

}  // namespace facebus
