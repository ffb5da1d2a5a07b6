#include "gateway/site.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"

namespace facebus::gateway {
namespace {

using http::Response;

constexpr const char* key_header = "x-api-key";

}  // namespace

Site::Site(Options options, Router router, Metrics& metrics)
    : options_(std::move(options)),
      router_(std::move(router)),
      limit_(options_.rate, options_.burst),
      metrics_(metrics) {}

std::size_t Site::max_body() const {
    return std::ranges::max(router_.routes(), {}, &Route::max_body).max_body;
}

/// Returns the route of the request if the client's key has the role for it. On failure, `extra`
/// receives additional response headers.
Answered<Site::Entry> Site::authorize(const http::Request& request, http::Response& extra) const {
    std::string allow;
    auto found = router_.find(request.method, request.path, allow);
    if (!found) {
        if (!allow.empty()) extra.headers["Allow"] = allow;
        return std::unexpected(std::move(found.error()));
    }
    Entry entry{found->route, std::move(found->path), {}};
    if (!found->route->role || !options_.keys) {
        entry.key.role = api_keys::Role::admin;
        return entry;
    }
    const auto secret = request.header(key_header);
    if (secret.empty()) {
        return gateway::refuse(401, fault_code::missing_header,
                               "API key required; send it in the header x-api-key (`facebus "
                               "api-key` creates one)");
    }
    auto key = options_.keys->find(secret);
    if (!key) {
        return gateway::refuse(401, fault_code::unknown_key, "unknown or revoked API key");
    }
    if (key->role < *found->route->role) {
        return gateway::refuse(403, 403,
                               fmt::format("this request requires a key with the role {}; this "
                                           "key has {}",
                                           to_string(*found->route->role), to_string(key->role)));
    }
    entry.key = std::move(*key);
    return entry;
}

http::Response Site::counted(const std::string& route, http::Response answer) {
    metrics_
        .counter("facebus_requests_total", "Requests by route and status",
                 {{"route", route}, {"status", fmt::to_string(answer.status)}})
        .add();
    answer.headers["X-Content-Type-Options"] = "nosniff";
    answer.headers["Cache-Control"] = "no-store";
    return answer;
}

std::optional<http::Response> Site::admit(const http::Request& request) {
    http::Response extra;
    const auto entry = authorize(request, extra);
    const auto refused = [&](const std::string& route, const Fault& fault) {
        auto answer = to_answer(fault);
        answer.headers.merge(extra.headers);
        return counted(route, std::move(answer));
    };
    if (!entry) return refused("none", entry.error());
    const auto& pattern = entry->route->pattern;
    if (entry->route->role && !limit_.take(entry->key.name, Monotonic::now())) {
        return refused(pattern, {429, 429,
                                 fmt::format("this key is limited to {:g} requests per second; "
                                             "try again later",
                                             options_.rate)});
    }
    if (request.length > entry->route->max_body) {
        return refused(pattern, {413, 413,
                                 fmt::format("the body has {} bytes; the limit is {}",
                                             request.length, entry->route->max_body)});
    }
    return std::nullopt;
}

http::Response Site::answer(const http::Request& request) {
    http::Response extra;
    // Authorize again: the key may have been revoked while the body arrived.
    auto entry = authorize(request, extra);
    if (!entry) return counted("none", to_answer(entry.error()));
    const auto start = Monotonic::now();
    const auto& route = *entry->route;
    auto answered = route.answer({request, std::move(entry->path), entry->key.role});
    metrics_
        .histogram("facebus_request_seconds", "Time to answer a request, by route",
                   {{"route", route.pattern}})
        .observe(std::chrono::duration<double>(Monotonic::now() - start).count());
    return counted(route.pattern, answered ? std::move(*answered) : to_answer(answered.error()));
}

http::Response Site::refuse(int status) {
    return counted("none", to_answer(http_fault(status)));
}

}  // namespace facebus::gateway
