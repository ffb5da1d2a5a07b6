// Enrols faces from uploaded photos.
#pragma once

#include <optional>
#include <string>

#include "gateway/backend.hpp"
#include "http/multipart.hpp"
#include "json.hpp"

namespace facebus::gateway {

struct Enrolment {
    std::string sample;    ///< id
    bool already = false;  ///< the photo was enrolled before
    float quality = 0;
};

/// Enrols the only person in the photo as `subject`. Fails like FaceStage::sample() and
/// gallery::Store::add().
Answered<Enrolment> enrol(const Backend& backend, const std::string& subject,
                          const http::FormPart& photo, float min_score);

/// Returns the Fault for a subject that does not exist.
Fault no_such_subject(const std::string& name);
/// Returns the cleaned name, or a Fault if it is not a valid name.
Answered<std::string> subject_name(const std::string& name);
/// Returns the name in the query parameter `subject`, if present.
Answered<std::optional<std::string>> optional_subject(const Query& query);

}  // namespace facebus::gateway
