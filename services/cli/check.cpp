// facebus check: checks the installation. facebus health: shows the health of a running service.
#include <fmt/format.h>

#include "bus/allow_list.hpp"
#include "bus/security.hpp"
#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/gallery/enrol.hpp"
#include "cli/terminal.hpp"
#include "gallery/store/store.hpp"
#include "service/health.hpp"

namespace facebus::cli {
namespace {

void print_check(bool passed, const std::string& what) {
    safe_print("{}  {}\n", passed ? "ok    " : "FAILED", what);
}

}  // namespace

Exit check(const Context& context) {
    bool passed = true;
    print_check(true, fmt::format("configuration: {}",
                                  counted(context.settings.cameras.size(), "camera", "cameras")));
    const auto& options = context.settings.common.bus;
    try {
        bus::read_security(options);
        if (!options.allowed.empty()) {
            const auto keys = bus::AllowList(options.allowed).refresh().value_or(0);
            print_check(true, "allowed peers: " + counted(keys, "key", "keys"));
        }
    } catch (const FatalError& error) {
        passed = false;
        print_check(false, fmt::format("keys: {}", error.what()));
    }
    std::string model;
    try {
        const enrolment::Enroller enroller(context.models, context.settings.detect,
                                           context.settings.enrolment,
                                           context.settings.recognize.embedder);
        model = enroller.model_id();
        print_check(true, "models: " + model);
        const auto& engine = enroller.engine();
        std::string line = fmt::format("engine: {} {}", engine.name, engine.precision);
        for (const auto& reason : engine.skipped) line += "; " + reason;
        print_check(true, line);
    } catch (const FatalError& error) {
        passed = false;
        print_check(false, fmt::format("models: {}", error.what()));
    }
    gallery::Store store(context.settings.redis);
    if (const auto snapshot = store.load(model); snapshot) {
        // Without models, all samples count as samples of other models.
        const auto samples = (*snapshot)->samples() + (*snapshot)->other_model_samples();
        print_check(true, fmt::format("gallery: {}, {}",
                                      counted((*snapshot)->subjects(), "person", "people"),
                                      counted(samples, "sample", "samples")));
    } else {
        passed = false;
        print_check(false, "gallery: " + snapshot.error().message);
    }
    return passed ? Exit::ok : Exit::unavailable;
}

Exit health(const std::string& address) {
    std::string body;
    const bool healthy = service::fetch_health(address, body);
    safe_print_lines(body);
    return healthy ? Exit::ok : Exit::unavailable;
}

}  // namespace facebus::cli
