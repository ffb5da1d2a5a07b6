// HTTP client.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/stop.hpp"

namespace facebus::http {

/// Response to a request of a Client.
struct ClientResponse {
    int status = 0;           ///< HTTP status code, 200 or above
    std::string body;         ///< body, at most 64 KiB
    std::string retry_after;  ///< value of the header Retry-After; empty if absent
};

/// Client for requests to one URL. Reuses connections. Does not follow redirects, but returns them
/// like any other response. With https:// the server must present a valid certificate. Not
/// thread-safe.
class Client {
  public:
    struct Options {
        std::string url;        ///< http:// or https://
        std::string ca_file{};  ///< file with CA certificates for https; empty: the system's CAs
        double timeout = 10;    ///< deadline in seconds for the whole request
    };

    /// `setting` is the configuration section of the options, for error messages. Throws
    /// `FatalError` (config) if the URL is invalid or the CA file is unreadable.
    Client(Options options, const std::string& setting);
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    /// Sends a GET or POST request. Blocks until the response arrives, the deadline passes or the
    /// stop is requested. If the body is too long or does not end, returns the part that has
    /// arrived. Errors: unavailable. The error message never contains the URL, which may be secret.
    Result<ClientResponse> get(const Stop& stop);
    Result<ClientResponse> post(const std::string& body,
                                const std::map<std::string, std::string>& headers,
                                const Stop& stop);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::http
