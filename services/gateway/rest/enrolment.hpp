// Enrols people from uploaded photos, and parses subject names in requests.
#pragma once

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
/// errors of ImageDecoder::decode(), lease(), FaceStage::sample() and gallery::Store::add(), except
/// `exists`.
HttpResult<Enrolment> enrol(const Backend& backend, const std::string& subject,
                            const http::FormPart& photo, float min_score);

/// Returns the error for a subject that does not exist.
Fault no_such_subject(const std::string& name);
/// Returns the subject with this name; see gallery::stored_names(). Fails with 404 if there is
/// none.
HttpResult<gallery::Subject> find_subject(gallery::Store& store, const std::string& name);
/// Returns the name as it is stored for a new subject; see gallery::clean_name(). Fails if the name
/// is invalid.
HttpResult<std::string> subject_name(const std::string& name);

}  // namespace facebus::gateway
