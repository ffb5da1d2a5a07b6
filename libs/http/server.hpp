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
    std::string method;                             ///< GET for a HEAD request
    std::string path;                               ///< decoded; without the query
    std::multimap<std::string, std::string> query;  ///< decoded
    std::map<std::string, std::string> headers;     ///< by name in lower case
    std::size_t length = 0;                         ///< announced length of the body, in bytes
    std::string body;                               ///< empty in Handlers::admit

    /// Returns the value of a header, or an empty string. Requires: `name` is in lower case.
    [[nodiscard]] std::string header(const std::string& name) const;
};

/// HTTP response.
struct Response {
    int status = 200;
    std::string body{};
    std::string type = "application/json";
    std::map<std::string, std::string> headers{};
    /// If set, the rest of this stream is sent instead of the body. A file can be unlinked once it
    /// is open, so that it is deleted even if the program crashes.
    std::shared_ptr<std::istream> stream{};
    /// If set, it is called repeatedly and each piece is sent, until it returns nothing. It may
    /// block for about a second and must then return an empty piece if it has no data, so that the
    /// server can check whether the client has disconnected.
    std::function<std::optional<std::string>()> pieces{};
};

/// Address and limits of a server.
struct ServerOptions {
    std::string address;               ///< host:port; port 0: any free port
    std::string setting;               ///< configuration key of the address, named in errors
    std::size_t threads = 8;           ///< maximum of requests handled concurrently
    std::size_t waiting = 64;          ///< maximum of queued connections; more wait in the kernel
    std::size_t max_body = 1'000'000;  ///< bytes
    /// Deadline in seconds for receiving a request, and limit of the time that a response waits for
    /// the client.
    double timeout = 30;
};

/// Callbacks of a server. They are called concurrently from several threads. If one throws, the
/// response is refuse(500).
struct Handlers {
    /// Checks a request before its body is read. If it returns a response, that is sent, and the
    /// body is not read.
    std::function<std::optional<Response>(const Request&)> admit;
    /// Handles a request with its body.
    std::function<Response(const Request&)> answer;
    /// Returns the response to an invalid request or a failure: 400, 405, 411, 413, 414, 415, 500.
    std::function<Response(int status)> refuse;
};

/// Serves `site` in its own threads until it is destroyed. Handles one request per connection.
/// Closes the connection if a request has not arrived before its deadline. Request bodies require a
/// Content-Length and must be neither chunked nor compressed.
class Server {
  public:
    /// Throws `FatalError` naming the setting if the server cannot listen.
    Server(ServerOptions options, Handlers site);
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
