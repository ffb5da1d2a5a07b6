#include "gateway/site.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "gateway/cross_site.hpp"

namespace facebus::gateway {
namespace {

constexpr const char* key_header = "x-api-key";
// Interval at which the key of a stream is checked again.
constexpr std::chrono::milliseconds key_check_interval(500);

}  // namespace

Site::Site(Options options, Router router, Metrics& metrics)
    : options_(std::move(options)),
      router_(std::move(router)),
      limit_(options_.rate, options_.burst),
      metrics_(metrics) {}

std::size_t Site::max_body() const {
    return std::ranges::max(router_.routes(), {}, &Route::max_body).max_body;
}

/// Returns the route of the request and the client's key. Fails if the request has no route, or if
/// the key is missing or unknown or does not have the required role. If the path supports only
/// other methods, adds the header `Allow` for the error response to `extra`.
HttpResult<Site::Authorized> Site::authorize(const http::Request& request,
                                             http::Response& extra) const {
    std::string allow;
    auto found = router_.find(request.method, request.path, allow);
    if (!found) {
        if (!allow.empty()) extra.headers["Allow"] = allow;
        return std::unexpected(std::move(found.error()));
    }
    Authorized authorized{found->route, std::move(found->path_parameters), {}};
    if (!found->route->role || !options_.keys) {
        authorized.key.role = api_keys::Role::admin;
        return authorized;
    }
    const auto secret = request.header(key_header);
    if (secret.empty()) {
        return http_error(401, fault_code::missing_header,
                          "API key required; send it in the header x-api-key "
                          "(`facebus api-key` creates one)");
    }
    auto key = options_.keys->find(secret);
    if (!key) {
        return http_error(401, fault_code::unknown_key,
                          "unknown or revoked API key; ask the administrator for a new one "
                          "(`facebus api-key` creates it)");
    }
    if (key->role < *found->route->role) {
        return http_error(403, 403,
                          fmt::format("this request requires a key with the role {}; the "
                                      "role of this key is {}",
                                      to_string(*found->route->role), to_string(key->role)));
    }
    authorized.key = std::move(*key);
    return authorized;
}

/// Counts the response in the metrics and adds the headers that all responses have.
http::Response Site::finish(const std::string& route, http::Response response) {
    metrics_
        .counter("facebus_requests_total", "HTTP requests, by route and status",
                 {{"route", route}, {"status", fmt::to_string(response.status)}})
        .add();
    response.headers["X-Content-Type-Options"] = "nosniff";
    response.headers["Cache-Control"] = "no-store";
    return response;
}

std::expected<std::size_t, http::Response> Site::admit(const http::Request& request) {
    http::Response extra;
    const auto authorized = authorize(request, extra);
    const auto reject = [&](const std::string& route, const Fault& fault) {
        auto response = to_response(fault);
        response.headers.merge(extra.headers);
        return std::unexpected(finish(route, std::move(response)));
    };
    if (!options_.keys) {
        if (const auto fault = cross_site_fault(request, options_.hosts)) {
            return reject("none", *fault);
        }
    }
    if (!authorized) return reject("none", authorized.error());
    const auto& pattern = authorized->route->pattern;
    if (authorized->route->role && !limit_.take(authorized->key.name, Monotonic::now())) {
        return reject(pattern, {429, 429,
                                fmt::format("the limit of {:g} requests per second is exceeded; "
                                            "try again later",
                                            options_.rate)});
    }
    if (request.length > authorized->route->max_body) {
        return reject(pattern, {413, 413,
                                fmt::format("the body has {} bytes; the limit is {}",
                                            request.length, authorized->route->max_body)});
    }
    return authorized->route->max_body;
}

http::Response Site::handle(const http::Request& request) {
    http::Response extra;
    // Authorize again: the key may have been revoked while the body was being received.
    auto authorized = authorize(request, extra);
    if (!authorized) return finish("none", to_response(authorized.error()));
    const auto start = Monotonic::now();
    const auto& route = *authorized->route;
    auto result =
        route.handler({request, std::move(authorized->path_parameters), authorized->key.role});
    metrics_
        .histogram("facebus_request_seconds",
                   "Time to handle an HTTP request, by route; excludes receiving the request and "
                   "sending the response",
                   {{"route", route.pattern}})
        .observe(std::chrono::duration<double>(Monotonic::now() - start).count());
    if (result && route.role) end_when_revoked(*result, request, *route.role);
    return finish(route.pattern, result ? std::move(*result) : to_response(result.error()));
}

void Site::end_when_revoked(http::Response& response, const http::Request& request,
                            api_keys::Role role) const {
    if (!response.pieces || !options_.keys) return;
    response.pieces = [keys = options_.keys, secret = request.header(key_header), role,
                       checked = Monotonic::now(),
                       next = std::move(response.pieces)]() mutable -> std::optional<std::string> {
        const auto now = Monotonic::now();
        if (now - checked >= key_check_interval) {
            checked = now;
            const auto key = keys->find(secret);
            if (!key || key->role < role) return std::nullopt;
        }
        return next();
    };
}

http::Response Site::error_response(int status) {
    return finish("none", to_response(fault_of_status(status)));
}

}  // namespace facebus::gateway
