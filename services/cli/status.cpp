// facebus status: prints the state of the broker.
#include <cstdio>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/result_line.hpp"
#include "cli/terminal.hpp"
#include "json.hpp"
#include "results/result_stream.hpp"

namespace facebus::cli {

Exit status(const Context& context, const StatusOptions& options) {
    const auto endpoint =
        options.endpoint.empty() ? context.settings.broker.results : options.endpoint;
    bus::Context bus(bus::read_security(context.settings.common.bus));
    results::ResultStream stream(bus, endpoint, context.stop);
    const auto deadline = Monotonic::now() + std::chrono::duration<double>(options.timeout);
    bool printed = false;

    results::ResultHandlers handlers;
    handlers.raw = [&](const bus::Message& message) {
        if (options.json) safe_print_json(Json::from_msgpack(message.header));
    };
    handlers.status = [&](const wire::Status& status) {
        if (!options.json) safe_print_lines(format_table(status));
        printed = true;
        return false;
    };
    handlers.error = [](const Error& error) { safe_print(stderr, "{}\n", error.message); };
    handlers.idle = [&] { return Monotonic::now() < deadline; };
    if (!stream.read(handlers)) return Exit::interrupted;
    if (printed) return Exit::ok;
    safe_print(stderr,
               "facebus: no status from {} within {} s; check that the broker is running there "
               "(broker.results), and that its bus.allowed contains this machine's key\n",
               endpoint, options.timeout);
    return Exit::unavailable;
}

}  // namespace facebus::cli
