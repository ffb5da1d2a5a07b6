// facebus-broker: see broker.hpp.
#include "broker/broker.hpp"

int main(int argc, char** argv) {
    return facebus::service::run(
        "broker", argc, argv, [](const auto& settings) { return settings.broker.health; },
        [](auto& runtime) { facebus::broker::Broker(runtime).run(); });
}
