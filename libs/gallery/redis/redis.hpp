// Connection to Redis. Only redis.cpp uses hiredis.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/option.hpp"
#include "gallery/redis/tls.hpp"

namespace facebus::gallery {

/// Configuration of the connection to Redis.
struct RedisOptions {
    std::string url = "redis://127.0.0.1:6379/0";  ///< see parse_redis_url()
    std::string user{};  ///< overrides the user in the URL; both empty: Redis' default user
    std::string password_file{};  ///< its first line overrides the password in the URL
    TlsFiles tls{};               ///< for a rediss:// URL
    int timeout_ms = 2000;        ///< for connecting and for each reply

    static void keys(auto& self, auto&& key) {
        key("url", self.url,
            "redis://host:port/db, rediss://host:port/db for TLS, or unix:///path?db=0");
        key("user", self.user, "user name; empty: Redis' default user");
        key("password_file", self.password_file, "file with the password; empty: no password");
        key("ca_file", self.tls.ca,
            "TLS: CA certificates that may sign the server's; empty: those of the system");
        key("cert_file", self.tls.certificate,
            "TLS: client certificate, if the server requires one");
        key("key_file", self.tls.key, "TLS: private key of the client certificate");
        key("timeout_ms", self.timeout_ms, Range{10, 600'000},
            "time limit for connecting and for each reply, in milliseconds");
    }
};

/// Reply of Redis. An error reply is an Error instead.
struct Reply {
    std::variant<std::monostate, std::int64_t, std::string, std::vector<Reply>> value;

    [[nodiscard]] bool nil() const { return std::holds_alternative<std::monostate>(value); }
    /// Returns the string, or an empty one if the reply is not a string.
    [[nodiscard]] std::string_view text() const;
    /// Returns the number, also if it is written as a string, or 0 if the reply is not a number.
    [[nodiscard]] std::int64_t number() const;
    /// Returns the elements, or none if the reply is not an array.
    [[nodiscard]] const std::vector<Reply>& elements() const;
};

/// A connection to Redis. The first command connects, and so does the next command after the
/// connection was lost. A command that may have reached Redis is never repeated: it fails, and
/// whether Redis executed it is unknown. Arguments and replies are bytes. Not thread-safe.
///
/// Errors: `unavailable` if there is no server, the login is rejected, or a timeout passes (the
/// message names the URL without the password and what to do); `refused` if Redis returns an error;
/// `malformed` or `too_large` if a reply is invalid.
class Redis {
  public:
    /// Does not connect yet. Throws FatalError (Exit::config) if the URL is invalid or the
    /// password cannot be read.
    explicit Redis(RedisOptions options);
    ~Redis();
    Redis(Redis&&) noexcept;
    Redis& operator=(Redis&&) noexcept;

    using Command = std::vector<std::string>;

    /// Runs one command.
    Result<Reply> run(const Command& command);
    /// Runs a Lua script, which Redis executes as one transaction.
    Result<Reply> eval(std::string_view script, const std::vector<std::string>& keys,
                       const std::vector<std::string>& arguments);
    /// Runs the commands in one MULTI/EXEC, all or none. Returns the replies in order.
    Result<std::vector<Reply>> transaction(const std::vector<Command>& commands);
    /// Runs the commands in one round trip, without a transaction. Returns the replies in order, or
    /// the first error.
    Result<std::vector<Reply>> pipeline(const std::vector<Command>& commands);
    /// As pipeline(), with a result of its own for each command.
    Result<std::vector<Result<Reply>>> run_each(const std::vector<Command>& commands);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::gallery
