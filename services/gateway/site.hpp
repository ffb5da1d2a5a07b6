// The REST API: who may ask, what, and how often.
#pragma once

#include <memory>
#include <optional>

#include "base/metrics.hpp"
#include "gateway/key_ring.hpp"
#include "gateway/rate_limit.hpp"
#include "gateway/router.hpp"
#include "http/server.hpp"

namespace facebus::gateway {

/// Knows keys, limits and routes; what a route does is the route's. Thread-safe if the routes are.
class Site {
  public:
    struct Options {
        std::shared_ptr<KeyRing> keys;  ///< none: everybody may do all
        double rate = 0;                ///< see RateLimit
        double burst = 1;
    };
    Site(Options options, Router router, Metrics& metrics);

    /// See http::Handlers.
    std::optional<http::Response> admit(const http::Request& request);
    http::Response answer(const http::Request& request);
    http::Response refuse(int status);

    /// The largest body that a route takes.
    [[nodiscard]] std::size_t most_body() const;

  private:
    struct Entry {
        const Route* route = nullptr;
        std::map<std::string, std::string> path{};
        api_keys::Key who{};
    };
    Answered<Entry> enter(const http::Request& request, http::Response& extra) const;
    http::Response counted(const std::string& route, http::Response answer);

    Options options_;
    Router router_;
    RateLimit limit_;
    Metrics& metrics_;
};

}  // namespace facebus::gateway
