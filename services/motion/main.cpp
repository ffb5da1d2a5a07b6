// facebus-motion: receives frames from capture and sends the areas worth searching to detect-align.
#include "motion/motion_stage.hpp"
#include "service/run_stage.hpp"
#include "settings/run.hpp"

using namespace facebus;

int main(int argc, char** argv) {
    return settings::run("motion", argc, argv, [](auto& runtime, const auto& settings) {
        motion::MotionStage stage(settings.motion);
        auto forwarded = runtime.metrics.counter("facebus_motion_searched_pixels_total",
                                                 "Pixels forwarded to face detection");
        auto received =
            runtime.metrics.counter("facebus_motion_pixels_total", "Pixels of all received frames");
        service::run_stage<wire::Frame, wire::Region>(
            runtime, stage, [&](const auto& frame, const auto&, const Bytes& pixels) {
                received.add(static_cast<double>(frame.payload.size()) / channels);
                forwarded.add(static_cast<double>(pixels.size()) / channels);
            });
    });
}
