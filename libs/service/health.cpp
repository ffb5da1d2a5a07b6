#include "service/health.hpp"

#include <thread>

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "http/address.hpp"
#include "http/listen.hpp"

namespace facebus::service {

void Health::set_ready() {
    const std::lock_guard lock(mutex_);
    ready_ = true;
}

void Health::set_check(const std::string& name, bool ok, const std::string& text) {
    const std::lock_guard lock(mutex_);
    checks_[name] = {ok, text};
}

bool Health::healthy() const {
    const std::lock_guard lock(mutex_);
    if (!ready_ || !heartbeat_.alive()) return false;
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

struct HealthServer::Impl {
    httplib::Server server;
    std::jthread thread;
};

HealthServer::HealthServer(const std::string& address, const std::string& setting,
                           const Health& health, const Metrics& metrics)
    : impl_(std::make_unique<Impl>()) {
    auto& server = impl_->server;
    server.new_task_queue = [] { return new httplib::ThreadPool(2); };
    server.set_keep_alive_max_count(1);
    server.set_read_timeout(5);
    server.set_payload_max_length(4096);
    server.Get("/healthz", [&health](const httplib::Request&, httplib::Response& response) {
        response.status = health.healthy() ? 200 : 503;
        response.set_content(health.json(), "application/json");
    });
    server.Get("/metrics", [&metrics](const httplib::Request&, httplib::Response& response) {
        response.set_content(metrics.text(), "text/plain; version=0.0.4");
    });
    address_ = http::listen(server, impl_->thread, address, setting);
}

HealthServer::~HealthServer() {
    impl_->server.stop();
}

bool fetch_health(const std::string& address, std::string& body) {
    const auto parsed = http::parse_address(address);
    if (!parsed) {
        body = fmt::format("\"{}\" does not have the form host:port\n", address);
        return false;
    }
    httplib::Client client(parsed->host, parsed->port);
    client.set_connection_timeout(3);
    client.set_read_timeout(5);
    const auto response = client.Get("/healthz");
    if (!response) {
        body = fmt::format(
            "no response from {}; check that the service is running and that this is its "
            "`health` address\n",
            address);
        return false;
    }
    body = response->body;
    return response->status == 200;
}

}  // namespace facebus::service
