// Parses the setting redis.url.
#pragma once

#include <string>

namespace facebus::gallery {

/// Parts of a Redis URL.
struct RedisAddress {
    std::string path;      ///< path of the Unix socket; empty: connect by TCP
    std::string host;      ///< host name or IP address; IPv6 without brackets
    int port = 6379;       ///< TCP port
    bool tls = false;      ///< whether to use TLS
    int database = 0;      ///< number of the database
    std::string user;      ///< user name; empty: the Redis default user
    std::string password;  ///< password; empty: no password
    std::string safe_url;  ///< URL without user and password, for messages
};

/// Parses a URL of the form redis://[[user]:password@]host[:port][/database] or
/// unix:///path[?db=database]. With rediss:// instead of redis://, the connection uses TLS. User
/// and password can be percent-encoded. An IPv6 host is written in brackets. Throws FatalError
/// (Exit::config) if the URL is invalid. The message of the error never contains the password.
RedisAddress parse_redis_url(const std::string& url);

}  // namespace facebus::gallery
