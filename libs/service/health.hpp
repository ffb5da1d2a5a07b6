// Health of a service, and the HTTP server for /healthz and /metrics.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/heartbeat.hpp"
#include "base/metrics.hpp"
#include "http/server.hpp"

namespace facebus::service {

/// Health of a service: whether it has started up, the results of named checks, and the heartbeat.
/// Thread-safe.
class Health {
  public:
    Health(std::string service, const Heartbeat& heartbeat)
        : service_(std::move(service)), heartbeat_(heartbeat) {}

    /// Records that the service has started up.
    void set_ready();
    /// Sets the result of the check `name`. A check is, for example, whether a dependency is
    /// available. `text` describes the current state.
    void set_check(const std::string& name, bool ok, const std::string& text);

    /// Returns whether the service has started up and the heartbeat is alive.
    [[nodiscard]] bool alive() const;
    /// Returns whether the service is alive and all checks pass.
    [[nodiscard]] bool healthy() const;
    /// Returns the health and the results of all checks as JSON.
    [[nodiscard]] std::string json() const;

  private:
    struct Check {
        bool ok = false;
        std::string text;  ///< description of the state
    };

    std::string service_;
    const Heartbeat& heartbeat_;
    mutable std::mutex mutex_;
    bool ready_ = false;
    std::map<std::string, Check> checks_;
};

/// HTTP server with its own threads. Serves `health` at /healthz and /livez, with the status 200 if
/// the service is healthy or alive, respectively, and otherwise 503. Serves `metrics` at /metrics.
class HealthServer {
  public:
    /// `address` is host:port; port 0 means any free port. Throws `FatalError` if the address is
    /// malformed or the server cannot listen. The message names `setting`, the configuration key of
    /// the address. Requires: `health` and `metrics` outlive this object.
    HealthServer(const std::string& address, const std::string& setting, const Health& health,
                 const Metrics& metrics);

    /// Returns host:port, with the actual port if `address` had port 0.
    [[nodiscard]] const std::string& address() const { return server_.address(); }

  private:
    http::Server server_;
};

/// Requests http://<address>/healthz and returns whether the status is 200. Stores the response
/// body, or the reason why there is no response, in `body`.
bool fetch_health(const std::string& address, std::string& body);

}  // namespace facebus::service
