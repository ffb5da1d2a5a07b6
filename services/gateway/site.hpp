// The REST API: who may ask, what, and how often.
#pragma once

#include <memory>
#include <optional>

#include "base/metrics.hpp"
#include "gateway/key_ring.hpp"
#include "gateway/rate_limit.hpp"
#include "gateway/router.hpp"
#include "service/http_server.hpp"

namespace facebus {

/// Knows keys, limits and routes; what a route does is the route's. Thread-safe if the routes are.
class Site {
  public:
    struct Options {
        std::shared_ptr<KeyRing> keys;  ///< none: everybody may do all
        double rate = 0;                ///< see RateLimit
        double burst = 1;
    };
    Site(Options options, Router router, Metrics& metrics);

    /// See service::HttpSite.
    std::optional<service::HttpAnswer> admit(const service::HttpRequest& request);
    service::HttpAnswer answer(const service::HttpRequest& request);
    service::HttpAnswer refuse(int status);

    /// The largest body that a route takes.
    [[nodiscard]] std::size_t most_body() const;

  private:
    struct Entry {
        const Route* route = nullptr;
        std::map<std::string, std::string> path{};
        ApiKey who{};
    };
    Answered<Entry> enter(const service::HttpRequest& request, service::HttpAnswer& extra) const;
    service::HttpAnswer counted(const std::string& route, service::HttpAnswer answer);

    Options options_;
    Router router_;
    RateLimit limit_;
    Metrics& metrics_;
};

}  // namespace facebus
