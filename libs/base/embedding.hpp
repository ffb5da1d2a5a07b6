// Face embeddings and their similarity.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace facebus {

/// Number of elements of an embedding. Networks that compute fewer (SFace: 128) leave the others 0,
/// which changes no norm and no similarity.
inline constexpr std::size_t embedding_size = 512;

/// Embedding of a face: a vector with unit norm. The dot product of two embeddings is their cosine
/// similarity.
using Embedding = std::array<float, embedding_size>;

/// Number of elements that SFace computes.
inline constexpr std::size_t sface_size = 128;

/// Returns the number of elements that the model with this id computes.
std::size_t dimensions_of(std::string_view model_id);

/// Returns the dot product. For vectors with unit norm, this is the cosine similarity: in [-1, 1],
/// up to rounding.
float similarity(const Embedding& a, const Embedding& b);

/// Scales the vector to unit norm. Leaves a zero vector unchanged.
void normalise(Embedding& embedding);

}  // namespace facebus
