// TLS on a connection to Redis: the only place that speaks to OpenSSL.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus::gallery {

/// Files in PEM, for TLS to Redis.
struct TlsFiles {
    std::string ca{};           ///< who signs servers' certificates; empty: whom the system trusts
    std::string certificate{};  ///< of this client; empty: none
    std::string key{};          ///< its private key
};

/// The client's side of TLS 1.2 or newer on a connected socket, blocking, with the socket's own
/// time-outs. The server's certificate has to be valid, signed by somebody who is trusted, and made
/// out to `host`. Not thread-safe. Errors (unavailable) hold only the reason.
class Tls {
  public:
    /// Does the handshake. The descriptor stays the caller's and has to outlive the object.
    static Result<Tls> start(int descriptor, const std::string& host, const TlsFiles& files);
    ~Tls();
    Tls(Tls&&) noexcept;
    Tls& operator=(Tls&&) noexcept;

    /// Sends all of it.
    Result<void> write(std::string_view bytes);
    /// Waits for something to read; gives how much it read.
    Result<std::size_t> read(std::span<char> buffer);

  private:
    struct Impl;
    explicit Tls(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::gallery
