// /healthz and /metrics of a service.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/metrics.hpp"
#include "base/pulse.hpp"

namespace facebus::service {

/// What a service says about itself. Thread-safe.
class Health {
  public:
    Health(std::string service, const Pulse& pulse) : service_(std::move(service)), pulse_(pulse) {}

    /// The service does its work from now on.
    void ready();
    /// Whether one thing that the service needs is as it should be, with a few words for people.
    void check(const std::string& name, bool good, const std::string& text);

    /// Ready, every check good, and the main loop has turned within the last 10 s.
    [[nodiscard]] bool good() const;
    /// The same in JSON, with the reasons.
    [[nodiscard]] std::string json() const;

  private:
    struct Check {
        bool good = false;
        std::string text;
    };

    std::string service_;
    const Pulse& pulse_;
    mutable std::mutex mutex_;
    bool ready_ = false;
    std::map<std::string, Check> checks_;
};

/// Serves `health` under /healthz (200 or 503) and `metrics` under /metrics in threads of its own.
class HealthServer {
  public:
    /// `address`: host:port, port 0 for a free one. Throws StartupError that names `setting`.
    HealthServer(const std::string& address, const std::string& setting, const Health& health,
                 const Metrics& metrics);
    ~HealthServer();
    HealthServer(const HealthServer&) = delete;
    HealthServer& operator=(const HealthServer&) = delete;

    /// host:port as bound.
    [[nodiscard]] const std::string& address() const { return address_; }

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    std::string address_;
};

/// Asks http://<address>/healthz: true for 200. `body` gets the answer, or why there was none.
bool ask_health(const std::string& address, std::string& body);

}  // namespace facebus::service
