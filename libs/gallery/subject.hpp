// Who is enrolled, and by which faces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/embedding.hpp"

namespace facebus::gallery {

/// One enrolled face.
struct Sample {
    std::string id;
    std::string subject_id;
    std::string source;  ///< where it came from, for people: a file name
    std::string model_id;
    float quality = 0;         ///< Quality::overall of the crop
    std::int64_t created = 0;  ///< ns UTC
    Embedding embedding{};
};

struct Subject {
    std::string id;
    std::string name;
    std::int64_t created = 0;  ///< ns UTC
    bool ignored = false;      ///< never to be reported
};

/// All that the gallery holds of a subject.
struct SubjectRecord {
    Subject subject;
    std::vector<Sample> samples;
    std::size_t damaged = 0;  ///< samples that don't decode
};

}  // namespace facebus::gallery
