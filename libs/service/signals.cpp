#include "service/signals.hpp"

#include <csignal>

namespace facebus::service {
namespace {

// Stop to request. Global, because a signal handler has no other way to access it.
Stop* requested_stop = nullptr;

void handle(int /*signal*/) {
    requested_stop->request();
}

}  // namespace

void stop_on_signals(Stop& stop) {
    requested_stop = &stop;
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
