// facebus-track: faces from detect-align in; probes and track events to the broker.
#include "track/track_service.hpp"

int main(int argc, char** argv) {
    return facebus::service::run(
        "track", argc, argv, [](const auto& settings) { return settings.track.health; },
        facebus::track::serve);
}
