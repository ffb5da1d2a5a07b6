#include "service/signals.hpp"

#include <csignal>
#include <ctime>

namespace facebus::service {
namespace {

// The Stop that the signal handler requests. Global, because a signal handler has no other way to
// access it.
Stop* requested_stop = nullptr;

void handle(int /*signal*/) {
    requested_stop->request();
}

sigset_t only_sighup() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    return signals;
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

void terminate_on_signals() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

void hold_reload_requests() {
    const auto signals = only_sighup();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

bool take_reload_request() {
    const auto signals = only_sighup();
    const timespec no_wait{};
    return sigtimedwait(&signals, nullptr, &no_wait) == SIGHUP;
}

}  // namespace facebus::service
