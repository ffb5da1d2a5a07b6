// facebus-gateway: the REST API, the web page, MQTT and webhooks.
#include "gateway/gateway.hpp"

int main(int argc, char** argv) {
    return facebus::service::run(
        "gateway", argc, argv, [](const auto& settings) { return settings.gateway.health; },
        facebus::gateway::serve);
}
