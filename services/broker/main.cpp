// facebus-broker: receives probes from edges, gives them to workers, and publishes the results.
#include "broker/broker.hpp"
#include "settings/run.hpp"

int main(int argc, char** argv) {
    return facebus::settings::run("broker", argc, argv, [](auto& runtime, const auto& settings) {
        facebus::broker::Broker(runtime, settings.broker, settings.redis, settings.results).run();
    });
}
