// A connection to Redis: the only place that speaks to hiredis.
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

struct RedisOptions {
    std::string url = "redis://127.0.0.1:6379/0";  ///< see parse_redis_url()
    std::string user{};           ///< goes before one in the URL; both empty: Redis' default user
    std::string password_file{};  ///< its first line goes before one in the URL; none: no AUTH
    TlsFiles tls{};               ///< for a rediss:// URL
    int timeout_ms = 2000;        ///< for connecting, and for each wait for an answer

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

/// A reply as Redis gave it. Errors never come as a Reply but as an Error.
struct Reply {
    std::variant<std::monostate, std::int64_t, std::string, std::vector<Reply>> value;

    [[nodiscard]] bool nil() const { return std::holds_alternative<std::monostate>(value); }
    /// The string, or empty if the reply is something else.
    [[nodiscard]] std::string_view text() const;
    /// The number (also one that came as a string), or 0.
    [[nodiscard]] std::int64_t number() const;
    /// The elements, or none if the reply is no array.
    [[nodiscard]] const std::vector<Reply>& elements() const;
};

/// One connection, made by the first command and again by the next command after it broke. A
/// command that may have reached Redis is never sent a second time: it returns the error, and
/// whether it was carried out is unknown. Arguments and replies are bytes. Errors: unavailable (no
/// server, wrong password, time-out: the message names the URL without the password and says what
/// to do), refused (Redis answered with an error), malformed or too_large (an answer that is none).
/// Not thread-safe.
class Redis {
  public:
    /// Does not connect yet. Throws StartupError(Exit::config) if the URL makes no sense or the
    /// password can't be read.
    explicit Redis(RedisOptions options);
    ~Redis();
    Redis(Redis&&) noexcept;
    Redis& operator=(Redis&&) noexcept;

    using Command = std::vector<std::string>;

    Result<Reply> run(const Command& command);
    /// A Lua script, which Redis runs as one transaction.
    Result<Reply> eval(std::string_view script, const std::vector<std::string>& keys,
                       const std::vector<std::string>& arguments);
    /// All in one MULTI/EXEC: all or none. The replies in order.
    Result<std::vector<Reply>> transaction(const std::vector<Command>& commands);
    /// All in one round trip, without a transaction. The replies in order.
    Result<std::vector<Reply>> pipeline(const std::vector<Command>& commands);
    /// As pipeline(), for commands of which one may fail without spoiling the others.
    Result<std::vector<Result<Reply>>> attempt(const std::vector<Command>& commands);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::gallery
