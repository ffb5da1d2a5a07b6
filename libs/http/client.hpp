// Posting to somebody else's HTTP server.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/stop.hpp"

namespace facebus::http {

/// What the server said; its body is read and forgotten.
struct Reply {
    int status = 0;
    std::string retry_after;  ///< as it stands in the header; empty if it is not there
};

/// Posts to one URL. A redirect is an answer like others and is not followed; a server's
/// certificate has to be good. Not thread-safe.
class Client {
  public:
    struct Options {
        std::string url;        ///< http:// or https://
        std::string ca_file{};  ///< https: empty: the system's authorities
        double timeout = 10;    ///< seconds for all of a request, whatever small steps it takes
    };

    /// `setting`: whose options these are, for messages. Throws StartupError (config) if the URL
    /// is none, or the CA file can't be read.
    Client(Options options, const std::string& setting);
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    /// Unavailable: no answer, which a requested `stop` brings about at once. The message does not
    /// hold the URL, which may be a secret.
    Result<Reply> post(const std::string& body, const std::map<std::string, std::string>& headers,
                       const Stop& stop);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::http
