// Settings of recognize. The settings of its decisions are gallery::CalibrationOptions.
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
            "engine that runs FaceNet: opencv is always available; onnxruntime is faster, if "
            "facebus was built with it");
        key("batch", self.batch, Range{1, 256}, "faces embedded per batch, and probes requested");
        key("publish_crops", self.publish_crops, "publish the crop with each identity");
        key("track_ttl", self.track_ttl, Range{1, 86400},
            "seconds that Redis keeps the faces of a track");
    }
};

}  // namespace facebus::recognize
