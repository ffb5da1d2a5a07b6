// Synthetic face sets for tests of `facebus evaluate`.
#pragma once

#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "cli/evaluation/face_set.hpp"
#include "support/faces.hpp"

namespace facebus::test {

/// Returns a synthetic embedding of a person. Its similarity to face(person) is about `likeness`.
/// Different numbers give different embeddings of the same person.
inline Embedding embedding_of(std::uint32_t person, std::uint32_t number, float likeness) {
    Embedding out{};
    const auto own = face(person);
    const auto other = face(1'000'000 + person * 1000 + number);
    for (std::size_t i = 0; i < embedding_size; ++i) {
        out[i] = likeness * own[i] + std::sqrt(1 - likeness * likeness) * other[i];
    }
    normalise(out);
    return out;
}

/// Returns a set of `people` people with `images` images each. The files are named as in the data
/// set LFW: p0007/p0007_0001.jpg. The similarity of two images is about likeness^2 if they show the
/// same person, and about 0 otherwise.
inline cli::FaceSet face_set(std::uint32_t people, std::uint32_t images, float likeness = 0.9F) {
    cli::FaceSet set;
    set.model_id = "model-1";
    for (std::uint32_t person = 0; person < people; ++person) {
        for (std::uint32_t number = 1; number <= images; ++number) {
            const auto name = fmt::format("p{:04}", person);
            set.images.push_back(
                {name, fmt::format("{0}/{0}_{1:04}.jpg", name, number),
                 cli::EmbeddedFace{{.overall = 0.8F}, embedding_of(person, number, likeness)}});
        }
    }
    return set;
}

}  // namespace facebus::test
