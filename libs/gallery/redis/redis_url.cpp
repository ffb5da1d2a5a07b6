#include "gallery/redis/redis_url.hpp"

#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <sys/un.h>

#include "base/error.hpp"
#include "gallery/name.hpp"

namespace facebus::gallery {
namespace {

/// Returns the URL without user and password. The last @ ends the password, because a password can
/// contain an @ but a host cannot.
std::string without_password(std::string_view url) {
    const auto scheme = url.find("://");
    const auto at = url.rfind('@');
    if (at == std::string_view::npos) return std::string(url);
    if (scheme == std::string_view::npos || scheme > at) return std::string(url.substr(at + 1));
    return fmt::format("{}{}", url.substr(0, scheme + 3), url.substr(at + 1));
}

[[noreturn]] void throw_invalid(const std::string& url, std::string_view why) {
    const std::string shown = without_password(url);
    throw FatalError(Exit::config,
                     fmt::format("redis.url \"{}\": {}; write redis://host:port/database, "
                                 "rediss:// for TLS, or unix:///path?db=database",
                                 is_text(shown) ? shown : "?", why));
}

std::optional<int> parse_number(std::string_view text, int highest) {
    int value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end || value < 0 || value > highest) return std::nullopt;
    return value;
}

int parse_database(const std::string& url, std::string_view text) {
    constexpr int highest = 1'000'000;
    const auto value = parse_number(text, highest);
    if (!value) {
        throw_invalid(url, fmt::format("the database is not a number from 0 to {}", highest));
    }
    return *value;
}

std::string decode_percent(const std::string& url, std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned value = 0;
        const std::string_view digits = text.substr(i + 1, 2);
        const char* end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, value, 16);
        if (digits.size() != 2 || error != std::errc{} || stop != end) {
            throw_invalid(url, "% must be followed by two hex digits");
        }
        out += static_cast<char>(static_cast<unsigned char>(value));
        i += 2;
    }
    return out;
}

RedisAddress parse_unix(const std::string& url, std::string_view rest) {
    RedisAddress address;
    const auto question = rest.find('?');
    address.path = rest.substr(0, question);
    if (!address.path.starts_with('/')) throw_invalid(url, "the socket path must begin with /");
    // hiredis would silently truncate a longer path and connect to a different socket.
    if (address.path.size() >= sizeof(sockaddr_un::sun_path)) {
        throw_invalid(url, fmt::format("the socket path has {} bytes; the limit is {}",
                                       address.path.size(), sizeof(sockaddr_un::sun_path) - 1));
    }
    if (question != std::string_view::npos) {
        const std::string_view query = rest.substr(question + 1);
        if (!query.starts_with("db=")) throw_invalid(url, "only db= is allowed after ?");
        address.database = parse_database(url, query.substr(3));
    }
    address.safe_url = fmt::format("unix://{}?db={}", address.path, address.database);
    return address;
}

void parse_host(const std::string& url, std::string_view rest, RedisAddress& address) {
    std::string_view port;
    bool has_port = false;
    if (rest.starts_with('[')) {
        const auto close = rest.find(']');
        if (close == std::string_view::npos) throw_invalid(url, "the [ has no matching ]");
        address.host = rest.substr(1, close - 1);
        rest.remove_prefix(close + 1);
        if (!rest.empty() && !rest.starts_with(':')) {
            throw_invalid(url, "only :port or /database is allowed after ]");
        }
        has_port = !rest.empty();
        if (has_port) port = rest.substr(1);
    } else {
        const auto colon = rest.find(':');
        address.host = rest.substr(0, colon);
        has_port = colon != std::string_view::npos;
        if (has_port) port = rest.substr(colon + 1);
    }
    if (address.host.empty()) throw_invalid(url, "the host is missing");
    if (has_port) {
        const auto value = parse_number(port, 65535);
        if (!value || *value == 0) throw_invalid(url, "the port is not a number from 1 to 65535");
        address.port = *value;
    }
}

RedisAddress parse_tcp(const std::string& url, std::string_view rest, bool tls) {
    RedisAddress address;
    address.tls = tls;
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        const std::string_view login = rest.substr(0, at);
        const auto colon = login.find(':');
        if (colon == std::string_view::npos) {
            throw_invalid(url, "expected user:password or :password before @");
        }
        address.user = decode_percent(url, login.substr(0, colon));
        address.password = decode_percent(url, login.substr(colon + 1));
        rest.remove_prefix(at + 1);
    }
    const auto slash = rest.find('/');
    parse_host(url, rest.substr(0, slash), address);
    if (slash != std::string_view::npos && slash + 1 < rest.size()) {
        address.database = parse_database(url, rest.substr(slash + 1));
    }
    const bool ipv6 = address.host.find(':') != std::string::npos;
    address.safe_url = fmt::format("redis{}://{}{}{}:{}/{}", tls ? "s" : "", ipv6 ? "[" : "",
                                   address.host, ipv6 ? "]" : "", address.port, address.database);
    return address;
}

}  // namespace

RedisAddress parse_redis_url(const std::string& url) {
    constexpr std::string_view tcp = "redis://";
    constexpr std::string_view tls = "rediss://";
    constexpr std::string_view local = "unix://";
    if (!is_text(url)) throw_invalid(url, "the URL contains characters that are not printable");
    const std::string_view text = url;
    if (text.starts_with(tcp)) return parse_tcp(url, text.substr(tcp.size()), false);
    if (text.starts_with(tls)) return parse_tcp(url, text.substr(tls.size()), true);
    if (text.starts_with(local)) return parse_unix(url, text.substr(local.size()));
    throw_invalid(url, "unknown scheme");
}

}  // namespace facebus::gallery
