// facebus check and facebus health: check the installation and running services.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/gallery/enrol.hpp"
#include "gallery/store/store.hpp"
#include "service/health.hpp"

namespace facebus::cli {
namespace {

void report(bool good, const std::string& what) {
    fmt::print("{}  {}\n", good ? "ok    " : "FAILED", what);
}

}  // namespace

Exit check(const Context& context) {
    bool all = true;
    report(true, fmt::format("configuration: {}",
                             counted(context.settings.cameras.size(), "camera", "cameras")));
    std::string model;
    try {
        model =
            enrolment::Enroller(context.models, context.settings.detect, context.settings.enrolment)
                .model_id();
        report(true, "models: " + model);
    } catch (const FatalError& error) {
        all = false;
        report(false, fmt::format("models: {}", error.what()));
    }
    gallery::Store store(context.settings.redis);
    if (const auto snapshot = store.load(model); snapshot) {
        report(true, fmt::format("gallery: {}, {}",
                                 counted((*snapshot)->subjects(), "subject", "subjects"),
                                 counted((*snapshot)->samples(), "sample", "samples")));
    } else {
        all = false;
        report(false, "gallery: " + snapshot.error().message);
    }
    return all ? Exit::ok : Exit::unavailable;
}

Exit health(const std::string& address) {
    std::string body;
    const bool good = service::fetch_health(address, body);
    fmt::print("{}", body);
    return good ? Exit::ok : Exit::unavailable;
}

}  // namespace facebus::cli
