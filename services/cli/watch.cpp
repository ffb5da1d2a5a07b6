// facebus watch: prints the results and other messages that the broker publishes.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/must.hpp"
#include "cli/result_line.hpp"
#include "cli/terminal.hpp"
#include "gallery/store/format.hpp"
#include "results/catch_up.hpp"
#include "results/latency.hpp"
#include "results/result_stream.hpp"

namespace facebus::cli {
namespace {

/// Returns the header and the topic as one JSON object, including keys that this program does not
/// know.
std::string json_line(const bus::Message& message) {
    auto json = nlohmann::ordered_json::from_msgpack(message.header);
    json["topic"] = message.topic;
    return json_text(json);
}

}  // namespace

Exit watch(const Context& context, const WatchOptions& options) {
    const auto endpoint =
        options.endpoint.empty() ? context.settings.broker.results : options.endpoint;
    const bool colour = isatty(STDOUT_FILENO) != 0;
    bus::Context bus(bus::read_security(context.settings.common.bus));
    results::ResultStream stream(bus, endpoint, context.stop);
    results::Latency latency;
    std::uint64_t seen = 0;
    std::optional<std::string> run;
    std::uint64_t last = 0;
    std::optional<results::CatchUp> catch_up;
    auto next_hint = Monotonic::now() + std::chrono::seconds(5);
    bool connected = false;  // a status message has arrived
    std::string last_status;

    results::ResultHandlers handlers;
    // Handles the results in Redis that this command has not received. Returns false if a handler
    // returned false, which ends the command.
    const auto read_history = [&] {
        const auto missed = catch_up->read();
        if (!missed) {
            handlers.error(missed.error());
            return true;
        }
        return std::ranges::all_of(*missed, [&](const auto& result) {
            return results::ResultStream::handle(result.message, handlers);
        });
    };
    handlers.wanted = [&](const wire::Identity& identity) {
        return !catch_up || catch_up->record(identity);
    };
    handlers.identity = [&](const wire::Identity& identity, const Bytes&) {
        latency.add(identity);
        if (!catch_up && last != 0 && run == identity.run && identity.result > last + 1) {
            safe_print(stderr, "missed {}; use --since to recover missed results from Redis\n",
                       counted(identity.result - last - 1, "result", "results"));
        }
        run = identity.run;
        last = identity.result;
        if (!options.json) print_now(format_line(identity, colour));
        return ++seen != options.count;
    };
    handlers.track = [&](const wire::Track& event) {
        if (options.events && !options.json && event.event != wire::TrackEvent::moved)
            print_now(format_line(event));
        return !(options.until_end && event.event == wire::TrackEvent::end);
    };
    handlers.status = [&](const wire::Status& status) {
        connected = true;
        // A status message arrives every second; print it only if it has changed.
        auto text = format_line(status);
        if (options.events && !options.json && text != last_status) print_now(text);
        last_status = std::move(text);
        return !catch_up || !catch_up->missed_results(status) || read_history();
    };
    handlers.raw = [&](const bus::Message& message) {
        if (!options.json) return;
        if (options.events || message.topic.starts_with(wire::Identity::kind)) {
            print_now(json_line(message));
        }
    };
    handlers.error = [](const Error& error) { safe_print(stderr, "{}\n", error.message); };
    handlers.idle = [&] {
        if (connected || Monotonic::now() < next_hint) return true;
        next_hint = Monotonic::now() + std::chrono::seconds(30);
        safe_print(stderr,
                   "no message from {} yet; check that the broker is running there and that its "
                   "bus.allowed contains this machine's key\n",
                   endpoint);
        return true;
    };
    bool more = true;
    if (options.since > 0) {
        const auto redis = context.settings.redis;
        must(gallery::connect_to_data(redis).run({"PING"}));
        catch_up.emplace(redis, std::chrono::seconds(std::llround(options.since)));
        more = read_history();
    }
    if (more) stream.read(handlers);
    if (options.stats) safe_print_lines(stderr, latency.table());
    return Exit::ok;
}

}  // namespace facebus::cli
