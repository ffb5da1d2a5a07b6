// Entry point of HTTP requests: authentication, rate limits, body sizes, dispatch, metrics.
#pragma once

#include <memory>
#include <optional>

#include "base/metrics.hpp"
#include "gateway/key_ring.hpp"
#include "gateway/rate_limit.hpp"
#include "gateway/router.hpp"
#include "http/server.hpp"

namespace facebus::gateway {

/// Checks every request before its route handles it. Thread-safe if the routes are.
class Site {
  public:
    struct Options {
        std::shared_ptr<KeyRing> keys;  ///< null: every client has the role admin
        double rate = 0;                ///< see RateLimit
        double burst = 1;
    };
    Site(Options options, Router router, Metrics& metrics);

    /// The three handlers of http::Handlers.
    std::optional<http::Response> admit(const http::Request& request);
    http::Response answer(const http::Request& request);
    http::Response refuse(int status);

    /// Returns the largest body size that any route accepts, in bytes.
    [[nodiscard]] std::size_t max_body() const;

  private:
    struct Entry {
        const Route* route = nullptr;
        std::map<std::string, std::string> path{};
        api_keys::Key key{};
    };
    Answered<Entry> authorize(const http::Request& request, http::Response& extra) const;
    http::Response counted(const std::string& route, http::Response answer);

    Options options_;
    Router router_;
    RateLimit limit_;
    Metrics& metrics_;
};

}  // namespace facebus::gateway
