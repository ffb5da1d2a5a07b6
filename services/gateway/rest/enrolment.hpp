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
    std::string warning;            ///< see enrolment::FaceSample
};

/// Enrols the only prominent face in the photo as `subject`. Ignores faces with a detector score
/// below `options.min_score`. If the photo was enrolled before, returns the existing sample. Fails
/// with the errors of ImageDecoder::decode(), lease(), FaceStage::sample() and
/// gallery::Store::add(), except `exists`; and with those of check_person(), unless
/// `options.allow_duplicate` is true.
HttpResult<Enrolment> enrol(const Backend& backend, const std::string& subject,
                            const http::FormPart& photo, const ImageOptions& options);

/// Fails with 409 if the face would be recognised as another subject than `subject`; see
/// enrolment::find_other_person().
HttpResult<void> check_person(const Backend& backend, gallery::Store& store,
                              const std::string& subject, const Embedding& face);

/// Returns the error for a subject that does not exist.
Fault no_such_subject(const std::string& name);
/// Returns the subject with this name; see gallery::stored_names(). Fails with 404 if there is
/// none.
HttpResult<gallery::Subject> find_subject(gallery::Store& store, const std::string& name);
/// Returns the name as it is stored for a new subject; see gallery::clean_name(). Fails if the name
/// is invalid.
HttpResult<std::string> subject_name(const std::string& name);

}  // namespace facebus::gateway
