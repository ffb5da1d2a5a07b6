// facebus-detect-align: regions from motion in, aligned faces to track.
#include "detect-align/detect_stage.hpp"
#include "detector_settings.hpp"
#include "service/run_stage.hpp"
#include "vision/network/threads.hpp"

using namespace facebus;

int main(int argc, char** argv) {
    return service::run(
        "detect-align", argc, argv, [](const auto& settings) { return settings.detect.health; },
        [](service::Runtime& runtime) {
            vision::use_threads(runtime.settings.threads);
            detect_align::DetectStage stage(runtime.models,
                                            detector_options(runtime.settings.detect));
            service::run_stage<wire::Region, wire::Face>(
                runtime, stage, [&](const auto&, const wire::Face& face, const Bytes&) {
                    // The cameras are those of this machine's capture, so their number is bounded.
                    runtime.metrics
                        .counter("facebus_faces_total", "Faces found", {{"camera", face.head.src}})
                        .add(static_cast<double>(face.faces.size()));
                });
        });
}
