// facebus-recognize: receives probes from the broker and returns identities.
#include "recognize/worker.hpp"
#include "settings/run.hpp"
#include "vision/network/threads.hpp"

int main(int argc, char** argv) {
    return facebus::settings::run("recognize", argc, argv, [](auto& runtime, const auto& settings) {
        facebus::vision::use_threads(runtime.common.threads);
        facebus::recognize::Worker(runtime, settings.recognize, settings.broker.workers,
                                   settings.redis, settings.calibration)
            .run();
    });
}
