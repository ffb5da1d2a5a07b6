// What every service's main does: flags, configuration, signals, health, the one line of an error.
#pragma once

#include <functional>
#include <string>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/pulse.hpp"
#include "base/stop.hpp"
#include "bus/socket.hpp"
#include "service/common_options.hpp"
#include "service/health.hpp"
#include "wire/stages.hpp"

namespace facebus::service {

/// What a service is given to run with. Lives as long as the service.
struct Runtime {
    std::string service;  ///< the process: a row of wire::stages
    const CommonOptions& common;
    std::filesystem::path models;
    Log& log;
    Metrics& metrics;
    Stop& stop;
    Pulse& pulse;
    Health& health;
    bus::Context& context;
    std::string
        instance;  ///< the service's name, with its host and process where there are several
    std::function<void()> ready;  ///< to be called once, when the service does its work

    /// Binds or connects a socket to <section>.input of a stage.
    void bind_input(bus::Socket& socket, const wire::Stage& stage) const;
    void connect_input(bus::Socket& socket, const wire::Stage& stage) const;

    /// Counts and logs a message or an operation that failed.
    void count_error(const Error& error) const;
};

/// Reads the configuration from `file`, or where it is found if that is empty.
using Configure =
    std::function<const CommonOptions&(const std::string& file, const Environment& environment)>;

/// Reads flags and configuration, sets up all of Runtime, and calls `body`. `service` is a process
/// of wire::stages. Returns the exit code; prints one line to standard error if the service could
/// not start or go on.
int run(const std::string& service, int argc, char** argv, const Configure& configure,
        const std::function<void(Runtime&)>& body);

}  // namespace facebus::service
