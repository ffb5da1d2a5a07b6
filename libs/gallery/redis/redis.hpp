// Connection to Redis. Only redis.cpp calls hiredis.
#pragma once

#include <cstdint>
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
    /// User name; empty: the user in the URL or, if there is none, the Redis default user.
    std::string user{};
    /// File with the password; empty: the password in the URL, or none.
    std::string password_file{};
    TlsFiles tls{};         ///< files for TLS; used with rediss:// URLs
    int timeout_ms = 2000;  ///< timeout in milliseconds, for connecting and for each reply

    static void keys(auto& self, auto&& key) {
        key("url", self.url,
            "redis://host:port/db, rediss://host:port/db for TLS, or unix:///path?db=0");
        key("user", self.user, "user name; empty: the user in the URL, or the Redis default user");
        key("password_file", self.password_file,
            "file with the password; empty: the password in the URL, or none");
        key("ca_file", self.tls.ca,
            "TLS: CA certificates (PEM file) that verify the server; empty: the system's CAs");
        key("cert_file", self.tls.certificate,
            "TLS: client certificate, if the server requires one");
        key("key_file", self.tls.key, "TLS: private key of the client certificate");
        key("timeout_ms", self.timeout_ms, Range{10, 600'000},
            "timeout in milliseconds for connecting and for each reply");
    }
};

/// Reply of Redis to a command. An error reply is returned as an Error instead.
struct Reply {
    /// Nil, an integer, a string or an array.
    std::variant<std::monostate, std::int64_t, std::string, std::vector<Reply>> value;

    [[nodiscard]] bool nil() const { return std::holds_alternative<std::monostate>(value); }
    /// Returns the string, or an empty one if the reply is not a string.
    [[nodiscard]] std::string_view text() const;
    /// Returns the number, or 0 if the reply is not a number. A string that contains only a decimal
    /// integer also counts as a number.
    [[nodiscard]] std::int64_t number() const;
    /// Returns the elements, or none if the reply is not an array.
    [[nodiscard]] const std::vector<Reply>& elements() const;
};

/// A connection to Redis. Connects when the first command is sent. If the connection is lost,
/// connects again when the next command is sent. If the connection is lost after a command was
/// sent, the command fails and is not repeated; Redis may or may not have executed it. Arguments
/// and replies can contain any bytes. Not thread-safe.
///
/// Errors: `unavailable` if the server cannot be reached, rejects the login or the database, does
/// not reply before the timeout, violates the protocol, or is temporarily unable to run commands;
/// `refused` if Redis replies with any other error; `malformed` if a reply has an unknown type;
/// `too_large` if the replies of one round trip are too large in total, or if a reply is too deeply
/// nested. Messages contain the URL without user and password, and a remedy if there is one.
class Redis {
  public:
    using Command = std::vector<std::string>;
    /// Command that is sent first on each new connection. If `check` fails, the connection is
    /// closed, and the command that required it fails with the error of `check`.
    struct Greeting {
        Command command;
        Result<void> (*check)(const Result<Reply>& reply);
    };

    /// Does not connect yet. Without a command, `greeting` has no effect. Throws FatalError
    /// (Exit::config) if the URL is invalid or the password cannot be read.
    explicit Redis(RedisOptions options, Greeting greeting = {});
    ~Redis();
    Redis(Redis&&) noexcept;
    Redis& operator=(Redis&&) noexcept;

    /// Runs one command.
    Result<Reply> run(const Command& command);
    /// Runs a Lua script. Redis executes no other command while the script runs.
    Result<Reply> eval(std::string_view script, const std::vector<std::string>& keys,
                       const std::vector<std::string>& arguments);
    /// Runs the commands in one round trip, without a transaction. Returns the replies in order, or
    /// the first error.
    Result<std::vector<Reply>> pipeline(const std::vector<Command>& commands);
    /// Runs the commands like pipeline(), but returns one result per command, a reply or an error.
    /// Fails as a whole only if the connection fails.
    Result<std::vector<Result<Reply>>> run_each(const std::vector<Command>& commands);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::gallery
