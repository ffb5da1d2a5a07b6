// facebus-capture: frames of all cameras to motion, a thread per camera.
#include "capture/camera_thread.hpp"

int main(int argc, char** argv) {
    return facebus::service::run(
        "capture", argc, argv, [](const auto& settings) { return settings.capture.health; },
        facebus::capture::serve);
}
