// From facebus.yaml to the face detector.
#pragma once

#include "service/settings.hpp"
#include "vision/detect/face_detector.hpp"

namespace facebus {

inline vision::DetectorOptions detector_options(const service::Settings::Detect& settings) {
    if (settings.detector == "ssd") {
        return vision::SsdOptions{.input = settings.ssd_input,
                                  .proposal_score = static_cast<float>(settings.ssd_score),
                                  .output_score = static_cast<float>(settings.output_score)};
    }
    return vision::MtcnnOptions{.min_face = settings.min_face,
                                .scale_factor = static_cast<float>(settings.scale_factor),
                                .proposal_score = static_cast<float>(settings.proposal_score),
                                .refine_score = static_cast<float>(settings.refine_score),
                                .output_score = static_cast<float>(settings.output_score)};
}

}  // namespace facebus
