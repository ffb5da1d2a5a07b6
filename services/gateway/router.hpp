// Finds the route that handles a request, by method and path.
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

/// Request whose API key, if the route requires one, has the required role.
struct AuthorizedRequest {
    const http::Request& http_request;
    std::map<std::string, std::string> path_parameters;  ///< values by name
    api_keys::Role role{};  ///< role of the client's API key; `admin` if none is required
};

/// Handler, with the method and the path pattern of the requests that it handles.
struct Route {
    std::string method;
    /// Path with parameters, for example "/faces/{id}/verify". {id} matches one path segment;
    /// {name*} at the end matches the rest of the path, including slashes.
    std::string pattern;
    std::optional<api_keys::Role> role;  ///< minimum role; empty: no API key required
    std::size_t max_body = 0;            ///< maximum size of the request body, in bytes
    std::function<HttpResult<http::Response>(const AuthorizedRequest&)> handler;
};

/// Returns the values of the path parameters by name, or nothing if the path does not match the
/// pattern.
std::optional<std::map<std::string, std::string>> match_path(std::string_view pattern,
                                                             std::string_view path);

/// Table of routes. Immutable, hence thread-safe.
class Router {
  public:
    explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

    struct Match {
        const Route* route = nullptr;
        std::map<std::string, std::string> path_parameters{};
    };
    /// Returns the route for a method and path. Ignores a trailing slash, unless it is part of the
    /// value of {name*}. Fails with 404 if no pattern matches the path. Fails with 405 if patterns
    /// match, but none of their routes has this method; then sets `allow` to the supported methods,
    /// comma-separated. Requires: `allow` is empty.
    HttpResult<Match> find(const std::string& method, const std::string& path,
                           std::string& allow) const;

    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  private:
    std::vector<Route> routes_;
};

}  // namespace facebus::gateway
