// Common part of all main() functions: flags, configuration, signals, health and error messages.
#pragma once

#include <functional>
#include <string>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/heartbeat.hpp"
#include "base/stop.hpp"
#include "bus/socket.hpp"
#include "service/common_options.hpp"
#include "service/health.hpp"
#include "wire/stages.hpp"

namespace facebus::service {

/// Facilities of a running service. Exists as long as the service runs.
struct Runtime {
    std::string service;  ///< name of the process in wire::stages
    const CommonOptions& common;
    std::filesystem::path models;  ///< folder of the models
    Log& log;
    Metrics& metrics;
    Stop& stop;
    Heartbeat& heartbeat;
    Health& health;
    bus::Context& context;
    std::string instance;         ///< unique name, such as "recognize-host-123"
    std::function<void()> ready;  ///< call once, when startup has finished

    /// Binds or connects a socket to the endpoint <section>.input of a stage.
    void bind_input(bus::Socket& socket, const wire::Stage& stage) const;
    void connect_input(bus::Socket& socket, const wire::Stage& stage) const;

    /// Counts and logs a failed message or operation.
    void count_error(const Error& error) const;
};

/// Reads the configuration from `file`, or from the default locations if that is empty.
using Configure =
    std::function<const CommonOptions&(const std::string& file, const Environment& environment)>;

/// Reads flags and configuration, sets up the Runtime, and calls `body`. Returns the exit code.
/// Prints one line to standard error if the service cannot start or continue. Requires: `service`
/// is a process of wire::stages.
int run(const std::string& service, int argc, char** argv, const Configure& configure,
        const std::function<void(Runtime&)>& body);

}  // namespace facebus::service
