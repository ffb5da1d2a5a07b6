// TLS for the connection to Redis. In this library, only tls.cpp uses OpenSSL.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus::gallery {

/// Paths of the PEM files for TLS to Redis.
struct TlsFiles {
    std::string ca{};           ///< trusted CA certificates; empty: the system's CAs
    std::string certificate{};  ///< client certificate; empty: no client certificate
    std::string key{};          ///< private key of the client certificate
};

/// Client side of TLS 1.2 or newer on a connected socket. The timeouts of the socket apply. The
/// certificate of the server must be valid, signed by a trusted CA, and issued for the host. Not
/// thread-safe. Errors: `unavailable`; the message does not contain the address of the server.
class Tls {
  public:
    /// Performs the handshake. Does not close the descriptor. Requires: the descriptor stays open
    /// until the object is destroyed.
    static Result<Tls> start(int descriptor, const std::string& host, const TlsFiles& files);
    ~Tls();
    Tls(Tls&&) noexcept;
    Tls& operator=(Tls&&) noexcept;

    /// Sends all bytes.
    Result<void> write(std::string_view bytes);
    /// Blocks until data arrives. Returns the number of bytes read into `buffer`.
    Result<std::size_t> read(std::span<char> buffer);

  private:
    struct Impl;
    explicit Tls(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::gallery
