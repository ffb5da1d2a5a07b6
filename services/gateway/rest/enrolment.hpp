// Enrols people from uploaded photos, and parses subject names in requests.
#pragma once

#include <optional>
#include <string>

#include "gateway/backend.hpp"
#include "http/multipart.hpp"
#include "json.hpp"

namespace facebus::gateway {

/// Gallery sample of the person in an uploaded photo.
struct Enrolment {
    std::string sample;             ///< id of the sample
    bool already_enrolled = false;  ///< true: the photo was enrolled before; no sample was added
    float quality = 0;              ///< overall quality of the face, 0 to 1
};

/// Enrols the only prominent face in the photo as `subject`. Ignores faces with a detector score
/// below `min_score`. If the photo was enrolled before, returns the existing sample. Fails with the
/// other errors of gallery::Store::add(), and with those of ImageDecoder::decode(), lease() and
/// FaceStage::sample().
HttpResult<Enrolment> enrol(const Backend& backend, const std::string& subject,
                            const http::FormPart& photo, float min_score);

/// Returns the error for a subject that does not exist.
Fault no_such_subject(const std::string& name);
/// Normalises a subject name; see gallery::clean_name(). Fails if the name is invalid.
HttpResult<std::string> subject_name(const std::string& name);
/// Returns the subject name in the query parameter `subject`, or nothing if it is missing. Fails if
/// the name is invalid or the parameter occurs more than once.
HttpResult<std::optional<std::string>> optional_subject(const Query& query);

}  // namespace facebus::gateway
