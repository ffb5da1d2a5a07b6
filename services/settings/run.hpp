// Shared implementation of the main() functions of the services.
#pragma once

#include <functional>
#include <string>

#include "service/runtime.hpp"
#include "settings/settings.hpp"

namespace facebus::settings {

/// Calls service::run() and passes the settings from the configuration file and the environment to
/// `body`. Returns the exit code.
inline int run(const std::string& process, int argc, char** argv,
               const std::function<void(service::Runtime&, const Settings&)>& body) {
    Settings settings;
    return service::run(
        process, argc, argv,
        [&](const std::string& file,
            const service::Environment& environment) -> const service::CommonOptions& {
            settings = load(file, environment);
            return settings.common;
        },
        [&](service::Runtime& runtime) { body(runtime, settings); });
}

}  // namespace facebus::settings
