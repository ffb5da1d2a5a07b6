// Entry point of all HTTP requests: authentication, rate limits, body sizes, dispatch, metrics.
#pragma once

#include <expected>
#include <memory>
#include <set>
#include <string>

#include "base/metrics.hpp"
#include "gateway/key_ring.hpp"
#include "gateway/rate_limit.hpp"
#include "gateway/router.hpp"
#include "http/server.hpp"

namespace facebus::gateway {

/// The REST API and the web page. Checks every request and passes it to the handler of its route.
/// Thread-safe if the handlers are.
class Site {
  public:
    struct Options {
        std::shared_ptr<KeyRing> keys;  ///< null: no API key required, all clients are admins
        double rate = 0;                ///< maximum requests per second per API key; 0: unlimited
        double burst = 1;               ///< maximum number of requests in a burst, per API key
        std::set<std::string> hosts{};  ///< see cross_site_fault(); used if `keys` is null
    };
    Site(Options options, Router router, Metrics& metrics);

    // The next three functions are the callbacks of http::Handlers.

    /// Returns the maximum size of the body in bytes, or the error response to a rejected request.
    /// Rejects a request if
    /// - no API keys are required, and another web site may have caused the request,
    /// - the request has no route,
    /// - its API key is missing or unknown, or does not have the required role,
    /// - the rate limit is exceeded, or
    /// - the announced body is too large for the route.
    std::expected<std::size_t, http::Response> admit(const http::Request& request);
    /// Checks the API key again, because it may have been revoked while the body was read. Then
    /// calls the handler of the request's route.
    http::Response handle(const http::Request& request);
    /// Returns the response for an HTTP error status.
    http::Response error_response(int status);

    /// Returns the largest body size that any route accepts, in bytes.
    [[nodiscard]] std::size_t max_body() const;

  private:
    struct Authorized {
        const Route* route = nullptr;
        std::map<std::string, std::string> path_parameters{};
        api_keys::Key key{};
    };
    HttpResult<Authorized> authorize(const http::Request& request, http::Response& extra) const;
    /// Makes the stream of a response end within two seconds after the key was revoked.
    void end_when_revoked(http::Response& response, const http::Request& request,
                          api_keys::Role role) const;
    http::Response finish(const std::string& route, http::Response response);

    Options options_;
    Router router_;
    RateLimit limit_;
    Metrics& metrics_;
};

}  // namespace facebus::gateway
