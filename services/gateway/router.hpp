// Which handler answers a request.
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

/// A request that somebody may make.
struct Call {
    const http::Request& request;
    std::map<std::string, std::string> path;  ///< what stands in the path where the pattern has {}
    api_keys::Role role{};                    ///< of the one who asks
};

struct Route {
    std::string method;
    /// "/faces/{id}/verify": {id} takes what is between two slashes, {name*} at the end the rest
    /// of the path, with slashes.
    std::string pattern;
    std::optional<api_keys::Role> role;  ///< nothing: for everybody, without a key
    std::size_t most_body = 0;           ///< bytes
    std::function<Answered<http::Response>(const Call&)> answer;
};

/// What stands in the path in place of a pattern's {}; nothing if it is another path.
std::optional<std::map<std::string, std::string>> match_path(std::string_view pattern,
                                                             std::string_view path);

/// Read-only, hence thread-safe.
class Router {
  public:
    explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

    struct Found {
        const Route* route = nullptr;
        std::map<std::string, std::string> path{};
    };
    /// A slash at the end makes no difference. Refused: 404, or 405 with the methods that there are
    /// in `allow`.
    Answered<Found> find(const std::string& method, const std::string& path,
                         std::string& allow) const;

    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  private:
    std::vector<Route> routes_;
};

}  // namespace facebus::gateway
