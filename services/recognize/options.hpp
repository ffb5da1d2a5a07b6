// Settings of recognize. How it decides is gallery::CalibrationOptions.
#pragma once

#include "base/option.hpp"
#include "vision/embed/embedder.hpp"

namespace facebus::recognize {

struct Options {
    vision::Engine engine = vision::Engine::opencv;
    int batch = 8;
    bool publish_crops = false;
    int track_ttl = 600;

    static void keys(auto& self, auto&& key) {
        key("engine", self.engine,
            Choices<vision::Engine>{
                {{"opencv", vision::Engine::opencv}, {"onnxruntime", vision::Engine::onnxruntime}}},
            "what runs FaceNet: opencv is always there; onnxruntime is faster, where facebus was "
            "built with it");
        key("batch", self.batch, Range{1, 256}, "faces embedded at once, and probes asked for");
        key("publish_crops", self.publish_crops, "publish the crop with each identity");
        key("track_ttl", self.track_ttl, Range{1, 86400},
            "seconds that Redis remembers a track's faces");
    }
};

}  // namespace facebus::recognize
