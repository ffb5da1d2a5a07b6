// Face embeddings and their similarity.
#pragma once

#include <array>
#include <cstddef>

namespace facebus {

/// Number of elements of an embedding.
inline constexpr std::size_t embedding_size = 512;

/// Embedding of a face: a vector with unit norm. The dot product of two embeddings is their cosine
/// similarity.
using Embedding = std::array<float, embedding_size>;

/// Returns the dot product. For vectors with unit norm, this is the cosine similarity: in [-1, 1],
/// up to rounding.
float similarity(const Embedding& a, const Embedding& b);

/// Scales the vector to unit norm. Leaves a zero vector unchanged.
void normalise(Embedding& embedding);

}  // namespace facebus
