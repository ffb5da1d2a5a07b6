// Selects the handler of a request by method and path.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api_keys/api_key.hpp"
#include "gateway/fault.hpp"
#include "http/server.hpp"

namespace facebus::gateway {

/// Authorized request.
struct Call {
    const http::Request& request;
    std::map<std::string, std::string> path;  ///< path parameters by name
    api_keys::Role role{};                    ///< of the client
};

struct Route {
    std::string method;
    /// For example "/faces/{id}/verify". {id} matches one path segment; {name*} at the end matches
    /// the rest of the path, including slashes.
    std::string pattern;
    std::optional<api_keys::Role> role;  ///< minimum role; empty: public, without an API key
    std::size_t max_body = 0;            ///< bytes
    std::function<Answered<http::Response>(const Call&)> answer;
};

/// Returns the path parameters by name, or nothing if the path does not match the pattern.
std::optional<std::map<std::string, std::string>> match_path(std::string_view pattern,
                                                             std::string_view path);

/// Immutable, hence thread-safe.
class Router {
  public:
    explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

    struct Found {
        const Route* route = nullptr;
        std::map<std::string, std::string> path{};
    };
    /// Returns the route of the request. Ignores a trailing slash. Fails with 404 if no pattern
    /// matches the path, or with 405 and the supported methods in `allow`.
    Answered<Found> find(const std::string& method, const std::string& path,
                         std::string& allow) const;

    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  private:
    std::vector<Route> routes_;
};

}  // namespace facebus::gateway
