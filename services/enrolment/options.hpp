// Options of enrolment, in the configuration section `gallery`: the requirements that a face must
// meet, and whether photos are stored.
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
            "minimum distance between the eyes in pixels");
        key("min_sharpness", self.min_sharpness, Range{0, 1e6},
            "minimum sharpness (variance of the Laplacian); a typical crop has 50, or 14 if its "
            "image was blurred with a Gaussian filter of sigma 2 pixels");
        key("min_quality", self.min_quality, Range{0, 1}, "minimum overall quality, 0 to 1");
        key("keep_photos", self.keep_photos,
            "store a photo of each sample: the crop of the face as JPEG, 5 to 10 kB, so that the "
            "web page can show it");
    }
};

}  // namespace facebus::enrolment
