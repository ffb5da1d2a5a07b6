// TLS on a connection to Redis. Within this library only tls.cpp uses OpenSSL.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus::gallery {

/// PEM files for TLS to Redis.
struct TlsFiles {
    std::string ca{};           ///< CA certificates to trust; empty: those of the system
    std::string certificate{};  ///< client certificate; empty: none
    std::string key{};          ///< private key of the client certificate
};

/// Client side of TLS 1.2 or newer on a connected socket. Blocks up to the timeouts of the socket.
/// The certificate of the server must be valid, signed by a trusted CA, and issued for the host.
/// Not thread-safe. All functions fail with `unavailable`, with only the reason as message.
class Tls {
  public:
    /// Performs the handshake. The caller keeps ownership of the descriptor, which must outlive the
    /// object.
    static Result<Tls> start(int descriptor, const std::string& host, const TlsFiles& files);
    ~Tls();
    Tls(Tls&&) noexcept;
    Tls& operator=(Tls&&) noexcept;

    /// Sends all bytes.
    Result<void> write(std::string_view bytes);
    /// Blocks until there is something to read, and returns the number of bytes read.
    Result<std::size_t> read(std::span<char> buffer);

  private:
    struct Impl;
    explicit Tls(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::gallery
