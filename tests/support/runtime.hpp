// What a service runs with, for tests of its parts.
#pragma once

#include <filesystem>
#include <string>

#include "base/temporary_folder.hpp"
#include "service/runtime.hpp"
#include "support/models.hpp"

namespace facebus::test {

/// A runtime of its own, with sockets in a temporary folder. Set what differs before the part is
/// made.
struct TestRuntime {
    TemporaryFolder folder;
    service::CommonOptions common;
    Log log{"test", LogLevel::error};
    Metrics metrics;
    Stop stop;
    Pulse pulse;
    service::Health health{"test", pulse};
    bus::Context context{{}};
    service::Runtime runtime;

    explicit TestRuntime(std::string service)
        : runtime{.service = std::move(service),
                  .common = common,
                  .models = models(),
                  .log = log,
                  .metrics = metrics,
                  .stop = stop,
                  .pulse = pulse,
                  .health = health,
                  .context = context,
                  .instance = "test-1",
                  .ready = [] {}} {}

    /// An endpoint in the folder.
    [[nodiscard]] std::string endpoint(const std::string& name) const {
        return "ipc://" + (folder / name).string();
    }

    /// Whether /metrics has the line.
    [[nodiscard]] bool shows(const std::string& line) const {
        return metrics.text().find(line + "\n") != std::string::npos;
    }
};

}  // namespace facebus::test
