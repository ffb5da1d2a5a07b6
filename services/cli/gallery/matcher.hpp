// Loads the gallery to match faces with it in a command.
#pragma once

#include <string>

#include "enrolment/enroller.hpp"
#include "gallery/decide/calibration.hpp"
#include "gallery/store/store.hpp"

namespace facebus::cli {

/// Loads the samples of the model `model_id`, and calibrates them with the stored settings, or with
/// `calibration` if none are stored. So gallery and policy are the same as those of the workers.
/// Throws FatalError if the gallery cannot be loaded.
enrolment::Matcher load_matcher(gallery::Store& store,
                                const gallery::CalibrationOptions& calibration,
                                const std::string& model_id);

}  // namespace facebus::cli
