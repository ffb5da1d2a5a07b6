#include "service/health.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "http/address.hpp"
#include "http/client.hpp"

namespace facebus::service {
namespace {

// Limits of the health server: its clients are health checks and one or two Prometheus servers.
constexpr std::size_t max_connections = 64;
constexpr double deadline_s = 5;
constexpr std::array<std::string_view, 3> paths{"/healthz", "/livez", "/metrics"};

/// Returns the response for an HTTP error status.
http::Response error_response(int status) {
    return {.status = status, .body = fmt::format("error {}\n", status), .type = "text/plain"};
}

}  // namespace

void Health::set_ready() {
    const std::lock_guard lock(mutex_);
    ready_ = true;
}

void Health::set_check(const std::string& name, bool ok, const std::string& text) {
    const std::lock_guard lock(mutex_);
    checks_[name] = {ok, text};
}

bool Health::alive() const {
    const std::lock_guard lock(mutex_);
    return ready_ && heartbeat_.alive();
}

bool Health::healthy() const {
    if (!alive()) return false;
    const std::lock_guard lock(mutex_);
    for (const auto& [name, check] : checks_) {
        if (!check.ok) return false;
    }
    return true;
}

std::string Health::json() const {
    const bool ok = healthy();
    const std::lock_guard lock(mutex_);
    nlohmann::ordered_json body;
    body["service"] = service_;
    body["status"] = ok ? "ok" : "failing";
    body["ready"] = ready_;
    body["loop_age_s"] = std::chrono::duration<double>(heartbeat_.age()).count();
    for (const auto& [name, check] : checks_) {
        body["checks"][name] = {{"ok", check.ok}, {"text", check.text}};
    }
    // The text of a check may contain a file name or an error of a library in any encoding.
    return body.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

HealthServer::HealthServer(const std::string& address, const std::string& setting,
                           const Health& health, const Metrics& metrics)
    : server_(
          {.address = address,
           .setting = setting,
           .threads = 1,
           .waiting = max_connections,
           .max_body = 0,
           .max_connections = max_connections,
           .connections_per_client = max_connections,
           .timeout = deadline_s},
          {.admit = [](const http::Request& request) -> std::expected<std::size_t, http::Response> {
               if (std::ranges::find(paths, request.path) == paths.end()) {
                   return std::unexpected(error_response(404));
               }
               if (request.method != "GET") return std::unexpected(error_response(405));
               return 0;
           },
           .handle =
               [&health, &metrics](const http::Request& request) {
                   if (request.path == "/metrics") {
                       return http::Response{.body = metrics.text(),
                                             .type = "text/plain; version=0.0.4"};
                   }
                   const bool ok = request.path == "/livez" ? health.alive() : health.healthy();
                   return http::Response{.status = ok ? 200 : 503, .body = health.json()};
               },
           .error_response = error_response}) {}

bool fetch_health(const std::string& address, std::string& body) {
    if (!http::parse_address(address)) {
        body = fmt::format("\"{}\" does not have the form host:port\n", address);
        return false;
    }
    const Stop never;
    http::Client client({.url = fmt::format("http://{}/healthz", address), .timeout = deadline_s},
                        "health");
    auto response = client.get(never);
    if (!response) {
        body = fmt::format(
            "no response from {}; check that the service is running and that this is its "
            "`health` address\n",
            address);
        return false;
    }
    body = std::move(response->body);
    return response->status == 200;
}

}  // namespace facebus::service
