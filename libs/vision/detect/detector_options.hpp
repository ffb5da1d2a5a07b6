// Choice and settings of the face detector.
#pragma once

#include "base/option.hpp"

namespace facebus::vision {

enum class DetectorKind { mtcnn, ssd };

constexpr const char* to_string(DetectorKind kind) {
    return kind == DetectorKind::ssd ? "ssd" : "mtcnn";
}

struct DetectorOptions {
    DetectorKind detector = DetectorKind::mtcnn;
    int min_face = 40;            ///< smallest face: side of its box in pixels, >= 12
    float scale_factor = 0.709F;  ///< size ratio of two levels of MTCNN's image pyramid, in (0, 1)
    float proposal_score = 0.6F;
    float refine_score = 0.7F;
    float output_score = 0.9F;
    int ssd_input = 300;
    float ssd_score = 0.5F;

    static void keys(auto& self, auto&& key) {
        key("detector", self.detector,
            Choices<DetectorKind>{{{"mtcnn", DetectorKind::mtcnn}, {"ssd", DetectorKind::ssd}}},
            "mtcnn finds small faces; ssd searches one small copy of the image, refines boxes and "
            "landmarks with MTCNN's O-Net, and requires `models/prepare --only ssd`");
        key("min_face", self.min_face, Range{12, 4096},
            "mtcnn: smallest face, side of its box in pixels of the frame");
        key("scale_factor", self.scale_factor, Range{0.3, 0.95},
            "mtcnn: size ratio of two levels of the image pyramid");
        key("proposal_score", self.proposal_score, Range{0, 1},
            "mtcnn: threshold of the proposal network (P-Net)");
        key("refine_score", self.refine_score, Range{0, 1},
            "mtcnn: threshold of the refinement network (R-Net)");
        key("output_score", self.output_score, Range{0, 1},
            "both: threshold of the output network (O-Net)");
        key("ssd_input", self.ssd_input, Range{100, 2000},
            "ssd: side in pixels of the square that an image is scaled to");
        key("ssd_score", self.ssd_score, Range{0, 1}, "ssd: threshold of the SSD network");
    }
};

}  // namespace facebus::vision
