// Data types of the gallery: enrolled subjects and their samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/embedding.hpp"

namespace facebus::gallery {

/// One enrolled face: its embedding and its origin.
struct Sample {
    std::string id;
    std::string subject_id;
    std::string source;        ///< where the face came from, as shown to users, such as a file name
    std::string model_id;      ///< id of the model that computed the embedding
    float quality = 0;         ///< Quality::overall of the crop, 0 to 1
    std::int64_t created = 0;  ///< time of enrolment, in ns UTC
    Embedding embedding{};     ///< unit vector
};

/// Embedding of a sample by a second model, while the gallery moves to that model.
struct FurtherEmbedding {
    std::string model_id;
    Embedding embedding{};  ///< unit vector
};

/// A sample, its photo and its further embedding.
struct StoredSample {
    Sample sample;
    std::string photo;  ///< JPEG; empty: no photo
    std::optional<FurtherEmbedding> further{};
};

/// An enrolled person.
struct Subject {
    std::string id;
    std::string name;
    std::int64_t created = 0;  ///< time of creation, in ns UTC
    bool ignored = false;      ///< whether the subject is enrolled, but never reported
};

/// A subject with those of its samples that can be decoded.
struct SubjectRecord {
    Subject subject;
    std::vector<Sample> samples;
    std::size_t damaged = 0;  ///< number of samples that cannot be decoded and are omitted
};

}  // namespace facebus::gallery
