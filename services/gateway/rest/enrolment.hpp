// From an uploaded picture to a sample in the gallery.
#pragma once

#include <optional>
#include <string>

#include "gateway/backend.hpp"
#include "http/multipart.hpp"
#include "json.hpp"

namespace facebus::gateway {

struct Enrolment {
    std::string sample;    ///< its id
    bool already = false;  ///< the subject had that picture before
    float quality = 0;
};

/// Enrols the one person in the picture under a name. Refused as FaceStage::sample(),
/// gallery::Store::add().
Answered<Enrolment> enrol(const Backend& backend, const std::string& subject,
                          const http::FormPart& picture, float min_score);

/// Why there is nobody of that name.
Fault no_such_subject(const std::string& name);
/// A name that can be one.
Answered<std::string> subject_name(const std::string& name);
/// The same of the query's `subject`; nothing if it is not there.
Answered<std::optional<std::string>> optional_subject(const Query& query);

}  // namespace facebus::gateway
