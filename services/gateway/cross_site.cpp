#include "gateway/cross_site.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <ranges>
#include <string_view>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "http/multipart.hpp"

namespace facebus::gateway {
namespace {

bool is_host_name(const std::string& text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
    });
}

/// Returns the host of host:port in lower case, without the brackets of an IPv6 address.
std::string host_of(std::string_view authority) {
    const auto colon = authority.rfind(':');
    const auto bracket = authority.rfind(']');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        authority = authority.substr(0, colon);
    }
    if (authority.starts_with('[') && authority.ends_with(']')) {
        authority = authority.substr(1, authority.size() - 2);
    }
    std::string host(authority);
    std::ranges::transform(host, host.begin(), [](unsigned char c) { return std::tolower(c); });
    return host;
}

bool is_ip_address(const std::string& host) {
    std::array<unsigned char, 16> bytes{};
    return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

/// Returns whether the media type of the body is application/json.
bool is_json(const http::Request& request) {
    auto type = request.header("content-type");
    type = type.substr(0, type.find(';'));
    type.erase(type.find_last_not_of(' ') + 1);
    return http::equal_ignoring_case(type, "application/json");
}

}  // namespace

std::set<std::string> parse_hosts(const std::string& text, const std::string& setting) {
    std::set<std::string> hosts;
    for (const auto part : std::views::split(text, ',')) {
        std::string name(part.begin(), part.end());
        std::erase(name, ' ');
        if (name.empty()) continue;
        if (!is_host_name(name)) {
            throw FatalError(
                Exit::config,
                fmt::format("{}: \"{}\" is not a host name; give names without http:// "
                            "and without a port, separated by commas",
                            setting, name));
        }
        hosts.insert(host_of(name));
    }
    return hosts;
}

std::optional<Fault> cross_site_fault(const http::Request& request,
                                      const std::set<std::string>& hosts) {
    const auto authority = request.header("host");
    const auto host = host_of(authority);
    if (host != "localhost" && !is_ip_address(host) && !hosts.contains(host)) {
        return Fault{403, 403,
                     fmt::format("the host name \"{}\" is not allowed; use localhost or an IP "
                                 "address, or add the name to gateway.hosts",
                                 host)};
    }
    if (request.method == "GET") return std::nullopt;
    const auto origin = request.header("origin");
    if (!origin.empty()) {
        if (origin == "http://" + authority || origin == "https://" + authority) {
            return std::nullopt;
        }
        return Fault{403, 403, "requests from other web sites are not allowed"};
    }
    if (request.method != "POST" || is_json(request) || !request.header("x-api-key").empty()) {
        return std::nullopt;
    }
    return Fault{403, 403,
                 "another web site may have caused this request; send JSON, or add the header "
                 "x-api-key with any value"};
}

}  // namespace facebus::gateway
