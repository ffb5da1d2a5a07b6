#include "cli/gallery/matcher.hpp"

#include <utility>

#include "cli/must.hpp"

namespace facebus::cli {

enrolment::Matcher load_matcher(gallery::Store& store,
                                const gallery::CalibrationOptions& calibration,
                                const std::string& model_id) {
    auto gallery = must(store.load(model_id));
    const auto policy =
        gallery::policy_for(*gallery, must(store.calibration()).value_or(calibration));
    return {std::move(gallery), policy};
}

}  // namespace facebus::cli
