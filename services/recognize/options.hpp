// Options of the `recognize` service. The options of its decisions are in
// gallery::CalibrationOptions.
#pragma once

#include "base/option.hpp"
#include "vision/embed/embedder.hpp"

namespace facebus::recognize {

struct Options {
    vision::EmbedderOptions embedder{};
    int batch = 8;
    bool publish_crops = false;
    int track_ttl = 600;

    static void keys(auto& self, auto&& key) {
        key("model", self.embedder.model,
            Choices<vision::Model>{
                {{"facenet", vision::Model::facenet}, {"sface", vision::Model::sface}}},
            "network that computes embeddings: facenet, or sface (requires `models/prepare --only "
            "sface`); after a change, run `facebus gallery reembed` and restart all workers and "
            "the gateway");
        key("engine", self.embedder.engine,
            Choices<vision::Engine>{{{"auto", vision::Engine::automatic},
                                     {"openvino", vision::Engine::openvino},
                                     {"opencv", vision::Engine::opencv}}},
            "engine that runs the network: openvino (fastest; `models/prepare` fetches it for "
            "x86-64 and arm64), opencv (always available), or auto (openvino if it can be loaded "
            "and computes correct embeddings, otherwise opencv)");
        key("precision", self.embedder.precision,
            Choices<vision::Precision>{{{"auto", vision::Precision::automatic},
                                        {"f32", vision::Precision::f32},
                                        {"bf16", vision::Precision::bf16}}},
            "number format in which the network is computed: f32, bf16 (up to twice as fast; "
            "requires openvino and a processor with bf16 instructions), or auto (bf16 if possible, "
            "otherwise f32); embeddings of both formats are comparable");
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
