// Options of the `recognize` service. The options of its decisions are in
// gallery::CalibrationOptions.
#pragma once

#include "base/option.hpp"
#include "vision/embed/embedder.hpp"

namespace facebus::recognize {

struct Options {
    vision::Model model = vision::Model::facenet;
    vision::Engine engine = vision::Engine::opencv;
    int batch = 8;
    bool publish_crops = false;
    int track_ttl = 600;

    static void keys(auto& self, auto&& key) {
        key("model", self.model,
            Choices<vision::Model>{
                {{"facenet", vision::Model::facenet}, {"sface", vision::Model::sface}}},
            "network that computes embeddings: facenet, or sface (requires `models/prepare --only "
            "sface`); after a change, run `facebus gallery reembed` and restart all workers and "
            "the gateway");
        key("engine", self.engine,
            Choices<vision::Engine>{
                {{"opencv", vision::Engine::opencv}, {"onnxruntime", vision::Engine::onnxruntime}}},
            "engine that runs the network: opencv (always available) or onnxruntime (faster; "
            "requires a build with ONNX Runtime)");
        key("batch", self.batch, Range{1, 256},
            "faces per embedding batch; also the number of probes that a worker requests at a "
            "time, of which the broker grants at most 64");
        key("publish_crops", self.publish_crops,
            "publish the crop with each identity, but never a crop of an ignored person");
        key("track_ttl", self.track_ttl, Range{1, 86400},
            "seconds that Redis keeps the probes (embeddings) of a track after its last probe");
    }
};

}  // namespace facebus::recognize
