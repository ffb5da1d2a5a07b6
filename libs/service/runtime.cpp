#include "service/runtime.hpp"

#include <algorithm>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/output/stderr_redirect.hpp"
#include "base/text/unicode.hpp"
#include "service/notify.hpp"
#include "service/signals.hpp"
#include "service/watchdog.hpp"
#include "wire/stages.hpp"

namespace facebus::service {
namespace {

/// Returns a name such as "recognize-host-123": the service, the host and the process id.
std::string instance_name(const std::string& service) {
    std::string host(64, '\0');
    gethostname(host.data(), host.size() - 1);
    host.resize(std::min<std::size_t>(host.find('\0'), 32));
    std::ranges::replace_if(
        host, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-'; }, '-');
    return fmt::format("{}-{}-{}", service, host, getpid());
}

/// Raises the soft limit of open files to the hard limit. The soft limit is often 1,024, because
/// select() does not support more. No service calls select().
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/// Counts and logs an invalid message or a failed operation.
void count(const Error& error, Metrics& metrics, Log& log) {
    metrics
        .counter("facebus_errors_total", "Messages that were invalid and operations that failed",
                 {{"kind", std::string(to_string(error.kind))}})
        .add();
    log.limited_warning("error", {{"kind", to_string(error.kind)}, {"message", error.message}});
}

/// Sets up the Runtime and runs the service.
void serve(const std::string& service, const CommonOptions& common, const Environment& environment,
           const std::function<void(Runtime&)>& body, Stop& stop, Metrics& metrics, Log& log) {
    log.set_lowest(common.log_level);
    metrics
        .gauge("facebus_build_info",
               "Always 1; the label `version` contains the version of the program",
               {{"service", service}, {"version", FACEBUS_VERSION}})
        .set(1);
    // Name and help text are those of the official Prometheus client libraries.
    metrics
        .gauge("process_start_time_seconds",
               "Start time of the process since unix epoch in seconds")
        .set(static_cast<double>(utc_ns()) / 1e9);
    Heartbeat heartbeat;
    Health health(service, heartbeat);
    std::optional<HealthServer> server;
    const auto section = std::string(wire::stages.at(wire::index_of(service)).section);
    const auto& health_address = common.health(section);
    if (health_address != "none" && !health_address.empty()) {
        server.emplace(health_address, section + ".health", health, metrics);
    }
    bus::Context context(bus::read_security(common.bus),
                         {.on_error = [&](const Error& error) { count(error, metrics, log); },
                          .on_allow_list =
                              [&](const Result<std::size_t>& keys) {
                                  if (!keys) count(keys.error(), metrics, log);
                                  health.set_check(
                                      "allow list", keys.has_value(),
                                      keys ? fmt::format("keys: {}", *keys) : keys.error().message);
                              }});
    Runtime runtime{.service = service,
                    .common = common,
                    .models = models_folder(common, environment),
                    .log = log,
                    .metrics = metrics,
                    .stop = stop,
                    .heartbeat = heartbeat,
                    .health = health,
                    .context = context,
                    .instance = instance_name(service),
                    .ready = {}};
    std::optional<Watchdog> watchdog;
    runtime.ready = [&] {
        health.set_ready();
        const auto address = server ? server->address() : "none";
        log.info("ready", {{"health", address}, {"pid", getpid()}});
        notify(fmt::format("READY=1\nX_FACEBUS_SERVICE={}\nX_FACEBUS_HEALTH={}\nMAINPID={}\n",
                           service, address, getpid()));
        if (const auto timeout = watchdog_timeout()) {
            watchdog.emplace(heartbeat, *timeout, [] { notify("WATCHDOG=1"); });
        }
    };
    body(runtime);
    // From here on, the process only waits until its sockets have sent the queued messages.
    terminate_on_signals();
    log.info("stopped", {{"reason", stop.requested() ? "signal" : "end"}});
}

}  // namespace

bus::Link Runtime::bind_input(const wire::Stage& stage) const {
    const auto& endpoint = common.input(stage.section);
    const auto setting = fmt::format("{}.input", stage.section);
    bus::Link link{{context, bus::SocketType::pull, bus::stream_options},
                   {context, bus::SocketType::pull, bus::stream_options}};
    link.live.bind(endpoint, setting);
    link.lossless.bind(bus::lossless_endpoint(endpoint), setting);
    return link;
}

bus::Link Runtime::connect_input(const wire::Stage& stage, int linger_ms) const {
    const auto& endpoint = common.input(stage.section);
    const auto setting = fmt::format("{}.input", stage.section);
    auto options = bus::stream_options;
    options.linger_ms = linger_ms;
    bus::Link link{{context, bus::SocketType::push, options},
                   {context, bus::SocketType::push, options}};
    link.live.connect(endpoint, setting);
    link.lossless.connect(bus::lossless_endpoint(endpoint), setting);
    return link;
}

void Runtime::log_reload(const std::string& setting, const Result<std::size_t>& keys) const {
    if (keys) {
        log.info("reloaded", {{"setting", setting},
                              {"keys", *keys},
                              {"hint", "restart the service to apply other settings"}});
    } else {
        log.error("reload_failed", {{"setting", setting}, {"reason", keys.error().message}});
    }
}

void Runtime::count_error(const Error& error) const {
    count(error, metrics, log);
}

int run(const std::string& service, int argc, char** argv, const Configure& configure,
        const std::function<void(Runtime&)>& body) {
    static Stop stop;  // static, because a signal can arrive until the process exits
    hold_reload_requests();
    Metrics metrics;
    Log log(service);
    log.export_losses(metrics);
    const StderrRedirect redirect(&log.writer());
    CLI::App app("facebus " + service);
    std::string config;
    app.add_option("--config", config,
                   "configuration file; default: $FACEBUS_CONFIG, ./facebus.yaml or "
                   "/etc/facebus/facebus.yaml, in this order");
    app.set_version_flag("--version", FACEBUS_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help or --version
        return app.exit(success);
    } catch (const CLI::ParseError& error) {
        fmt::print(stderr, "{}: {}; see facebus-{} --help\n", service, printable(error.what()),
                   service);
        return static_cast<int>(Exit::usage);
    }
    try {
        raise_descriptor_limit();
        stop_on_signals(stop);
        const auto environment = process_environment();
        serve(service, configure(config, environment), environment, body, stop, metrics, log);
    } catch (const FatalError& error) {
        fmt::print(stderr, "{}: {}\n", service, printable(error.what()));
        return static_cast<int>(error.code());
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: unexpected error: {}; please report it\n", service,
                   printable(error.what()));
        return static_cast<int>(Exit::software);
    }
    return static_cast<int>(Exit::ok);
}

}  // namespace facebus::service
