// Where a Redis is, from one line of configuration.
#pragma once

#include <string>

namespace facebus::gallery {

struct RedisAddress {
    std::string path;  ///< of a Unix socket; empty: TCP
    std::string host;
    int port = 6379;
    bool tls = false;
    int database = 0;
    std::string user;      ///< empty: Redis' default user
    std::string password;  ///< empty: none
    std::string shown;     ///< the URL for messages: without user and password
};

/// Parses redis://[[user]:password@]host[:port][/database], the same with rediss:// for TLS, or
/// unix:///path[?db=database]. User and password may be percent-encoded; an IPv6 host stands in
/// brackets. Throws StartupError (Exit::config), whose message never shows the password.
RedisAddress parse_redis_url(const std::string& url);

}  // namespace facebus::gallery
