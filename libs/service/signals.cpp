#include "service/signals.hpp"

#include <csignal>

namespace facebus::service {
namespace {

// Global, because a signal handler has no other way to access it.
Stop* to_request = nullptr;

void handle(int /*signal*/) {
    to_request->request();
}

}  // namespace

void stop_on_signals(Stop& stop) {
    to_request = &stop;
    struct sigaction action{};
    action.sa_handler = handle;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
}

}  // namespace facebus::service
