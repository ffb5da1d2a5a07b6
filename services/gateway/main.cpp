// facebus-gateway: the REST API, the web page, MQTT and webhooks.
#include "gateway/gateway.hpp"
#include "settings/run.hpp"

int main(int argc, char** argv) {
    return facebus::settings::run("gateway", argc, argv, facebus::gateway::serve);
}
