// HTTP client that posts to one URL.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/stop.hpp"

namespace facebus::http {

/// Response of the server; the body is discarded.
struct Reply {
    int status = 0;
    std::string retry_after;  ///< value of the header; empty if absent
};

/// Posts to one URL. Does not follow redirects: they are returned like any other response. With
/// https:// the certificate of the server must be valid. Not thread-safe.
class Client {
  public:
    struct Options {
        std::string url;        ///< http:// or https://
        std::string ca_file{};  ///< CA certificates for https; empty: those of the system
        double timeout = 10;    ///< deadline in seconds for the whole request
    };

    /// `setting` is the configuration section of the options, named in errors. Throws
    /// `FatalError` (config) if the URL is invalid or the CA file is unreadable.
    Client(Options options, const std::string& setting);
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    /// Sends the request and blocks until the response, the deadline, or the stop request. Errors:
    /// unavailable. The message never contains the URL, which may be secret.
    Result<Reply> post(const std::string& body, const std::map<std::string, std::string>& headers,
                       const Stop& stop);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::http
