// facebus-capture: reads all cameras, one thread per camera, and sends their frames to
// facebus-motion.
#include "capture/camera_thread.hpp"
#include "settings/run.hpp"

int main(int argc, char** argv) {
    return facebus::settings::run("capture", argc, argv, [](auto& runtime, const auto& settings) {
        facebus::capture::serve(runtime, settings.cameras, settings.capture);
    });
}
