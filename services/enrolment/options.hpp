// Options of enrolment, in the configuration section `gallery`: the rules that a face should meet,
// what happens if it does not, and whether photos are stored.
#pragma once

#include "base/option.hpp"

namespace facebus::enrolment {

struct Options {
    double min_eye_distance = 20;
    double min_sharpness = 10;
    double min_quality = 0.3;
    bool refuse_poor = false;
    bool keep_photos = true;

    static void keys(auto& self, auto&& key) {
        key("min_eye_distance", self.min_eye_distance, Range{0, 4096},
            "minimum distance between the eyes in pixels");
        key("min_sharpness", self.min_sharpness, Range{0, 1e6},
            "minimum sharpness (variance of the Laplacian); a typical crop has 40, or 10 if its "
            "image was blurred with a Gaussian filter of sigma 2 pixels");
        key("min_quality", self.min_quality, Range{0, 1}, "minimum overall quality, 0 to 1");
        key("refuse_poor", self.refuse_poor,
            "refuse a photo that breaks one of these rules. Otherwise it is enrolled with a "
            "warning, unless it is useless: less than 12 pixels between the eyes, a sharpness "
            "below 4, or a detector score below 0.9");
        key("keep_photos", self.keep_photos,
            "store a photo of each sample: the crop of the face as JPEG, 5 to 10 kB, so that the "
            "web page can show it");
    }
};

}  // namespace facebus::enrolment
