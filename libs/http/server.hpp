// HTTP server; its handlers map requests to responses and do not deal with sockets.
#pragma once

#include <cstddef>
#include <functional>
#include <istream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace facebus::http {

/// HTTP request.
struct Request {
    std::string method;                             ///< method; GET also for a HEAD request
    std::string path;                               ///< decoded path, without the query
    std::multimap<std::string, std::string> query;  ///< decoded parameters
    std::map<std::string, std::string> headers;     ///< first value by header name in lower case
    std::size_t length = 0;                         ///< value of Content-Length; 0 if absent
    std::string body;                               ///< body; empty in Handlers::admit

    /// Returns the value of a header, or an empty string. Requires: `name` is in lower case.
    [[nodiscard]] std::string header(const std::string& name) const;
};

/// HTTP response.
struct Response {
    int status = 200;
    std::string body{};
    std::string type = "application/json";
    std::map<std::string, std::string> headers{};
    /// If set, the unread rest of this stream is sent instead of `body`. A temporary file can be
    /// unlinked as soon as it is open: it is then deleted even if the program crashes.
    std::shared_ptr<std::istream> stream{};
    /// If set, this function is called repeatedly, and each returned piece is sent instead of
    /// `body`, until the function returns nothing. It may block for about a second. If it has no
    /// data by then, it must return an empty piece, so that the server can check whether the client
    /// has disconnected.
    std::function<std::optional<std::string>()> pieces{};
};

/// Address and limits of a server.
struct ServerOptions {
    std::string address;      ///< host:port; port 0: any free port
    std::string setting;      ///< configuration key of the address, for errors
    std::size_t threads = 8;  ///< maximum number of concurrent requests
    /// Maximum number of queued connections. Further connections wait in the kernel.
    std::size_t waiting = 64;
    std::size_t max_body = 1'000'000;  ///< maximum size of a request body, in bytes
    /// Maximum time in seconds for each of: receiving the headers (at most 5 s), receiving the
    /// body, and waiting for the client while the response is sent.
    double timeout = 30;
};

/// Callbacks of a server. They are called concurrently from several threads. If `admit` or `handle`
/// throws, the response is error_response(500).
struct Handlers {
    /// Checks a request before its body is read. If this returns a response, the server sends it
    /// and does not read the body.
    std::function<std::optional<Response>(const Request&)> admit;
    /// Handles a request, including its body.
    std::function<Response(const Request&)> handle;
    /// Returns the response to an invalid request or after a failure. `status` is 400 or above,
    /// such as 413 if the body is too large.
    std::function<Response(int status)> error_response;
};

/// HTTP server that runs in its own threads until it is destroyed. Handles one request per
/// connection. Closes a connection if the headers or the body have not arrived before their
/// deadline. Request bodies require a Content-Length and must be neither chunked nor compressed.
class Server {
  public:
    /// Throws `FatalError` that names the setting if the server cannot listen.
    Server(ServerOptions options, Handlers handlers);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Returns the actual host:port.
    [[nodiscard]] const std::string& address() const { return address_; }

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    std::string address_;
};

}  // namespace facebus::http
