// facebus-recognize: probes from the broker in, identities back.
#include "recognize/worker.hpp"
#include "vision/network/threads.hpp"

int main(int argc, char** argv) {
    return facebus::service::run(
        "recognize", argc, argv, [](const auto& settings) { return settings.recognize.health; },
        [](auto& runtime) {
            facebus::vision::use_threads(runtime.settings.threads);
            facebus::recognize::Worker(runtime).run();
        });
}
