// Which faces may be enrolled.
#pragma once

#include "base/option.hpp"

namespace facebus::enrolment {

struct Options {
    double min_eye_distance = 20;
    double min_sharpness = 14;
    double min_quality = 0.3;
    bool keep_photos = true;

    static void keys(auto& self, auto&& key) {
        key("min_eye_distance", self.min_eye_distance, Range{0, 4096},
            "pixels between the eyes that enrolment takes");
        key("min_sharpness", self.min_sharpness, Range{0, 1e6},
            "sharpness that enrolment takes: 50 is usual, 14 blurred by two pixels of the crop");
        key("min_quality", self.min_quality, Range{0, 1},
            "overall quality that enrolment takes, 0 to 1");
        key("keep_photos", self.keep_photos,
            "keep the crop of each enrolled face, a JPEG of 5 to 10 kB, so that people can look at "
            "the gallery");
    }
};

}  // namespace facebus::enrolment
