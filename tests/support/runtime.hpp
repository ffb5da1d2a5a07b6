// Runtime of a service for tests of its components.
#pragma once

#include <filesystem>
#include <string>

#include "base/temporary_folder.hpp"
#include "service/runtime.hpp"
#include "support/models.hpp"

namespace facebus::test {

/// Runtime with a temporary folder for sockets. A test that changes `common` must do so before it
/// constructs the component under test.
struct TestRuntime {
    TemporaryFolder folder;
    service::CommonOptions common;
    Log log{"test", LogLevel::error};
    Metrics metrics;
    Stop stop;
    Heartbeat heartbeat;
    service::Health health{"test", heartbeat};
    bus::Context context{{}};
    service::Runtime runtime;

    explicit TestRuntime(std::string service)
        : runtime{.service = std::move(service),
                  .common = common,
                  .models = models(),
                  .log = log,
                  .metrics = metrics,
                  .stop = stop,
                  .heartbeat = heartbeat,
                  .health = health,
                  .context = context,
                  .instance = "test-1",
                  .ready = [] {}} {}

    /// Returns the endpoint of a socket in the folder.
    [[nodiscard]] std::string endpoint(const std::string& name) const {
        return "ipc://" + (folder / name).string();
    }

    /// Returns whether the exported metrics contain the line.
    [[nodiscard]] bool exports(const std::string& line) const {
        return metrics.text().find(line + "\n") != std::string::npos;
    }
};

}  // namespace facebus::test
