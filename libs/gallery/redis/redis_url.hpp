// Parser of redis.url.
#pragma once

#include <string>

namespace facebus::gallery {

/// Parts of a Redis URL.
struct RedisAddress {
    std::string path;  ///< Unix socket; empty: TCP
    std::string host;
    int port = 6379;
    bool tls = false;
    int database = 0;
    std::string user;      ///< empty: Redis' default user
    std::string password;  ///< empty: none
    std::string safe_url;     ///< the URL without user and password, for messages
};

/// Parses redis://[[user]:password@]host[:port][/database], the same with rediss:// for TLS, or
/// unix:///path[?db=database]. User and password can be percent-encoded; an IPv6 host is
/// written in brackets. Throws FatalError (Exit::config) if the URL is invalid. The message never
/// contains the password.
RedisAddress parse_redis_url(const std::string& url);

}  // namespace facebus::gallery
