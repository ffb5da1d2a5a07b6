// Options of the face detector.
#pragma once

#include "base/option.hpp"

namespace facebus::vision {

enum class DetectorKind { mtcnn, ssd, yunet };

constexpr const char* to_string(DetectorKind kind) {
    switch (kind) {
        case DetectorKind::ssd:
            return "ssd";
        case DetectorKind::yunet:
            return "yunet";
        case DetectorKind::mtcnn:
            break;
    }
    return "mtcnn";
}

struct DetectorOptions {
    DetectorKind detector = DetectorKind::mtcnn;
    int min_face = 40;  ///< MTCNN and YuNet: approximate side of the smallest faces to find, in
                        ///< pixels; at least 12
    float scale_factor = 0.709F;  ///< MTCNN: size of each level of the image pyramid, as a
                                  ///< fraction of the previous level; in (0, 1)
    float proposal_score = 0.6F;  ///< MTCNN: minimum score from P-Net
    float refine_score = 0.7F;    ///< MTCNN: minimum score from R-Net
    float output_score = 0.9F;    ///< MTCNN and SSD: minimum score from O-Net
    int ssd_input = 300;          ///< SSD: side of the square the image is scaled to, in pixels
    float ssd_score = 0.5F;       ///< SSD: minimum score from the SSD network
    float yunet_score = 0.6F;     ///< YuNet: minimum score

    static void keys(auto& self, auto&& key) {
        key("detector", self.detector,
            Choices<DetectorKind>{{{"mtcnn", DetectorKind::mtcnn},
                                   {"ssd", DetectorKind::ssd},
                                   {"yunet", DetectorKind::yunet}}},
            "mtcnn is the most accurate; yunet is one small network and requires "
            "`models/prepare --only yunet`; ssd searches a single copy of the image, scaled to "
            "ssd_input, uses MTCNN's O-Net for boxes and landmarks, and requires "
            "`models/prepare --only ssd`");
        key("min_face", self.min_face, Range{12, 4096},
            "mtcnn and yunet: approximate side of the smallest faces to find, in frame pixels");
        key("scale_factor", self.scale_factor, Range{0.3, 0.95},
            "mtcnn: size of each level of the image pyramid, as a fraction of the previous level");
        key("proposal_score", self.proposal_score, Range{0, 1},
            "mtcnn: minimum score from the proposal network (P-Net)");
        key("refine_score", self.refine_score, Range{0, 1},
            "mtcnn: minimum score from the refinement network (R-Net)");
        key("output_score", self.output_score, Range{0, 1},
            "mtcnn and ssd: minimum score from the output network (O-Net)");
        key("ssd_input", self.ssd_input, Range{100, 2000},
            "ssd: side of the square to which the image is scaled, in pixels");
        key("ssd_score", self.ssd_score, Range{0, 1}, "ssd: minimum score from the SSD network");
        key("yunet_score", self.yunet_score, Range{0, 1}, "yunet: minimum score");
    }
};

}  // namespace facebus::vision
