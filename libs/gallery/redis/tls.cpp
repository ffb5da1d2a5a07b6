#include "gallery/redis/tls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace facebus::gallery {
namespace {

struct FreeSettings {
    void operator()(SSL_CTX* settings) const { SSL_CTX_free(settings); }
};
struct FreeSession {
    void operator()(SSL* session) const { SSL_free(session); }
};

/// Returns the reason of the last OpenSSL error. Clears the error queue, so that a later call does
/// not report the same error.
std::string openssl_reason() {
    const auto code = ERR_peek_last_error();
    const char* text = code != 0 ? ERR_reason_error_string(code) : nullptr;
    ERR_clear_error();
    return text != nullptr ? text : "no reason given";
}

std::unexpected<Error> unavailable(std::string reason) {
    return fail(ErrorKind::unavailable, std::move(reason));
}

bool is_address(const std::string& host) {
    in6_addr address{};
    return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

struct Tls::Impl {
    std::unique_ptr<SSL_CTX, FreeSettings> settings;
    std::unique_ptr<SSL, FreeSession> session;

    /// Sets the minimum protocol version, the trusted CAs and the client certificate, and requires
    /// a valid certificate of the server.
    Result<void> load(const TlsFiles& files) const;
    /// Makes the handshake fail if the server's certificate is not issued for `host`. If `host` is
    /// a name and not an address, the handshake also sends it to the server. Returns false if
    /// OpenSSL rejects the host.
    [[nodiscard]] bool require_host(const std::string& host) const;
    /// Returns why an OpenSSL call failed. `result` is the value that the call returned.
    [[nodiscard]] std::string failure_reason(int result) const;
};

Result<void> Tls::Impl::load(const TlsFiles& files) const {
    auto* set = settings.get();
    SSL_CTX_set_min_proto_version(set, TLS1_2_VERSION);
    SSL_CTX_set_verify(set, SSL_VERIFY_PEER, nullptr);
    const int trusted = files.ca.empty()
                            ? SSL_CTX_set_default_verify_paths(set)
                            : SSL_CTX_load_verify_locations(set, files.ca.c_str(), nullptr);
    if (trusted != 1) {
        return unavailable(fmt::format("cannot use {}: {}; check redis.ca_file",
                                       files.ca.empty() ? "the system's CA certificates" : files.ca,
                                       openssl_reason()));
    }
    if (files.certificate.empty() && files.key.empty()) return {};
    if (SSL_CTX_use_certificate_chain_file(set, files.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(set, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return unavailable(
            fmt::format("cannot use the client certificate \"{}\" with the key \"{}\": {}; check "
                        "redis.cert_file and redis.key_file",
                        files.certificate, files.key, openssl_reason()));
    }
    return {};
}

bool Tls::Impl::require_host(const std::string& host) const {
    if (is_address(host)) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), host.c_str()) == 1;
    }
    // SSL_ctrl() sets the host name that the handshake sends to the server (SNI). The macro
    // SSL_set_tlsext_host_name() does the same, but contains a C cast.
    return SSL_set1_host(session.get(), host.c_str()) == 1 &&
           SSL_ctrl(session.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(host.c_str())) == 1;
}

std::string Tls::Impl::failure_reason(int result) const {
    const int system = errno;
    switch (SSL_get_error(session.get(), result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            ERR_clear_error();
            return "timed out";
        case SSL_ERROR_ZERO_RETURN:
            ERR_clear_error();
            return "the server closed the connection";
        case SSL_ERROR_SYSCALL:
            ERR_clear_error();
            return system != 0 ? std::strerror(system) : "the connection was closed unexpectedly";
        default:
            break;
    }
    const auto verified = SSL_get_verify_result(session.get());
    if (verified != X509_V_OK) {
        ERR_clear_error();
        return X509_verify_cert_error_string(verified);
    }
    return openssl_reason();
}

Tls::Tls(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tls::~Tls() = default;
Tls::Tls(Tls&&) noexcept = default;
Tls& Tls::operator=(Tls&&) noexcept = default;

Result<Tls> Tls::start(int descriptor, const std::string& host, const TlsFiles& files) {
    auto impl = std::make_unique<Impl>();
    impl->settings.reset(SSL_CTX_new(TLS_client_method()));
    if (!impl->settings) return unavailable(openssl_reason());
    if (auto loaded = impl->load(files); !loaded) return std::unexpected(loaded.error());
    impl->session.reset(SSL_new(impl->settings.get()));
    if (!impl->session || SSL_set_fd(impl->session.get(), descriptor) != 1) {
        return unavailable(openssl_reason());
    }
    // Without this requirement, a certificate for any host would be accepted if a trusted CA has
    // issued it.
    if (!impl->require_host(host)) {
        return unavailable(fmt::format("TLS: invalid host: {}", openssl_reason()));
    }
    errno = 0;
    if (const int result = SSL_connect(impl->session.get()); result != 1) {
        return unavailable(fmt::format("TLS: {}", impl->failure_reason(result)));
    }
    return Tls(std::move(impl));
}

Result<void> Tls::write(std::string_view bytes) {
    while (!bytes.empty()) {
        constexpr std::size_t max_write = std::numeric_limits<int>::max();
        errno = 0;
        const int written = SSL_write(impl_->session.get(), bytes.data(),
                                      static_cast<int>(std::min(bytes.size(), max_write)));
        if (written <= 0) return unavailable(impl_->failure_reason(written));
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::size_t> Tls::read(std::span<char> buffer) {
    errno = 0;
    const int got = SSL_read(impl_->session.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (got <= 0) return unavailable(impl_->failure_reason(got));
    return static_cast<std::size_t>(got);
}

}  // namespace facebus::gallery
