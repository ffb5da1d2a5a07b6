// Code shared by the main() functions of all services: flags, configuration, signals, health and
// error messages.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/heartbeat.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/stop.hpp"
#include "bus/socket.hpp"
#include "bus/stream.hpp"
#include "service/common_options.hpp"
#include "service/health.hpp"
#include "wire/stages.hpp"

namespace facebus::service {

/// Objects that a running service uses. They exist as long as the service runs.
struct Runtime {
    std::string service;           ///< name of the process in wire::stages
    const CommonOptions& common;   ///< options shared by all services
    std::filesystem::path models;  ///< folder of the models
    Log& log;
    Metrics& metrics;
    Stop& stop;
    Heartbeat& heartbeat;
    Health& health;
    bus::Context& context;
    std::string instance;         ///< unique name of this process, such as "recognize-host-123"
    std::function<void()> ready;  ///< must be called once, when startup is complete

    /// Returns sockets bound to the endpoint <section>.input of a stage and to the
    /// bus::lossless_endpoint() of it.
    [[nodiscard]] bus::Link bind_input(const wire::Stage& stage) const;
    /// Returns sockets connected to these endpoints. `linger_ms`: see bus::SocketOptions.
    [[nodiscard]] bus::Link connect_input(const wire::Stage& stage, int linger_ms = 0) const;

    /// Logs that the keys of a setting were reloaded, or why that failed. `keys`: the number of
    /// keys after the reload, or the error.
    void log_reload(const std::string& setting, const Result<std::size_t>& keys) const;

    /// Counts and logs an invalid message or a failed operation.
    void count_error(const Error& error) const;
};

/// Function that reads the configuration from `file`, or from the default locations if `file` is
/// empty.
using Configure =
    std::function<const CommonOptions&(const std::string& file, const Environment& environment)>;

/// Reads flags and configuration, creates the Runtime, and calls `body`. Returns the exit code. If
/// the service cannot start or continue, prints one line to standard error. Requires: `service` is
/// a process of wire::stages.
int run(const std::string& service, int argc, char** argv, const Configure& configure,
        const std::function<void(Runtime&)>& body);

}  // namespace facebus::service
