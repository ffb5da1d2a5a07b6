// facebus-track: receives faces from detect-align and sends probes and track events to the broker.
#include "settings/run.hpp"
#include "track/track_service.hpp"

int main(int argc, char** argv) {
    return facebus::settings::run("track", argc, argv, [](auto& runtime, const auto& settings) {
        facebus::track::serve(runtime, settings.track, settings.broker.probes,
                              settings.camera_names());
    });
}
