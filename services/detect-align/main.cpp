// facebus-detect-align: receives regions from motion and sends aligned faces to track.
#include "detect-align/detect_stage.hpp"
#include "service/run_stage.hpp"
#include "settings/run.hpp"
#include "vision/network/threads.hpp"

using namespace facebus;

int main(int argc, char** argv) {
    return settings::run("detect-align", argc, argv, [](auto& runtime, const auto& settings) {
        vision::use_threads(runtime.common.threads);
        detect_align::DetectStage stage(runtime.models, settings.detect);
        service::run_stage<wire::Region, wire::Face>(
            runtime, stage, [&](const auto&, const wire::Face& face, const Bytes&) {
                // Each value of the label `camera` adds a time series. There are few, because all
                // faces come from the cameras of this edge.
                runtime.metrics
                    .counter("facebus_faces_total", "Faces detected, one count per face and frame",
                             {{"camera", face.head.src}})
                    .add(static_cast<double>(face.faces.size()));
            });
    });
}
