// Health checks of a service, and the HTTP server for /healthz and /metrics.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/metrics.hpp"
#include "base/heartbeat.hpp"

namespace facebus::service {

/// Health of a service: readiness, named checks, and liveness of the main loop. Thread-safe.
class Health {
  public:
    Health(std::string service, const Heartbeat& heartbeat) : service_(std::move(service)), heartbeat_(heartbeat) {}

    /// Records that the service has started up.
    void ready();
    /// Sets the state of the check `name`, for example of a dependency, with a short description.
    void check(const std::string& name, bool good, const std::string& text);

    /// Returns whether the service is ready, all checks pass, and the main loop ran within the last
    /// 10 s.
    [[nodiscard]] bool healthy() const;
    /// Returns the state and the reasons as JSON.
    [[nodiscard]] std::string json() const;

  private:
    struct Check {
        bool good = false;
        std::string text;
    };

    std::string service_;
    const Heartbeat& heartbeat_;
    mutable std::mutex mutex_;
    bool ready_ = false;
    std::map<std::string, Check> checks_;
};

/// Serves `health` at /healthz (200 or 503) and `metrics` at /metrics, in its own threads.
class HealthServer {
  public:
    /// `address` is host:port; port 0: any free port. Throws `FatalError` naming `setting`, its
    /// configuration key, if the server cannot listen.
    HealthServer(const std::string& address, const std::string& setting, const Health& health,
                 const Metrics& metrics);
    ~HealthServer();
    HealthServer(const HealthServer&) = delete;
    HealthServer& operator=(const HealthServer&) = delete;

    /// Returns the actual host:port.
    [[nodiscard]] const std::string& address() const { return address_; }

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    std::string address_;
};

/// Requests http://<address>/healthz and returns whether the status is 200. Stores the response
/// body or the reason of the failure in `body`.
bool fetch_health(const std::string& address, std::string& body);

}  // namespace facebus::service
