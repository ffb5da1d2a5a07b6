// Data types of the gallery: enrolled subjects and their samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/embedding.hpp"

namespace facebus::gallery {

/// One enrolled face: its embedding and where it came from.
struct Sample {
    std::string id;
    std::string subject_id;
    std::string source;        ///< origin, shown to users, such as the name of the image file
    std::string model_id;      ///< model that computed the embedding
    float quality = 0;         ///< Quality::overall of the crop, 0 to 1
    std::int64_t created = 0;  ///< time of enrolment, in ns UTC
    Embedding embedding{};     ///< unit vector
};

/// An enrolled person.
struct Subject {
    std::string id;
    std::string name;
    std::int64_t created = 0;  ///< time of creation, in ns UTC
    bool ignored = false;      ///< results never mention this subject
};

/// A subject with all its samples.
struct SubjectRecord {
    Subject subject;
    std::vector<Sample> samples;
    std::size_t damaged = 0;  ///< number of samples omitted because they cannot be decoded
};

}  // namespace facebus::gallery
