// HTTP server; its handlers map requests to responses and do not deal with sockets.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <istream>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace facebus::http {

/// HTTP request.
struct Request {
    std::string method;                             ///< method; GET also for a HEAD request
    std::string path;                               ///< decoded path, without the query
    std::multimap<std::string, std::string> query;  ///< decoded parameters
    std::map<std::string, std::string> headers;     ///< values by header name in lower case
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
    /// If set, the unread rest of this stream is sent instead of `body`. If the stream reads a
    /// temporary file, the handler can unlink the file as soon as it is open, so that the file
    /// disappears even if the program crashes.
    std::shared_ptr<std::istream> stream{};
    /// If set, this function returns the body piece by piece, and nothing after the last piece. An
    /// empty piece means that there is no data yet; the server then calls the function again after
    /// Server::poll_streams(), or at the latest after a second. The server calls it on the thread
    /// that serves all connections, so it must not block.
    std::function<std::optional<std::string>()> pieces{};
};

/// Address and limits of a server.
struct ServerOptions {
    std::string address{};             ///< host:port; port 0: any free port
    std::string setting{};             ///< configuration key of the address, for errors
    std::size_t threads = 8;           ///< maximum number of requests that are handled concurrently
    std::size_t waiting = 64;          ///< maximum number of requests that wait for a thread
    std::size_t max_body = 1'000'000;  ///< maximum size of a request body, in bytes
    std::size_t max_connections = 1000;       ///< maximum number of open connections
    std::size_t connections_per_client = 64;  ///< maximum number of open connections per IP
    /// Deadline in seconds for each of these steps: receiving the headers of the first request (at
    /// most 5 s), receiving a body, sending a response. If a response is sent in pieces, the
    /// deadline applies to each piece. The headers of a later request must arrive within 15 s after
    /// the previous response.
    double timeout = 30;
};

/// Callbacks of a server. If `admit` or `handle` throws, the response is error_response(500).
struct Handlers {
    /// Checks a request before its body is read. Returns the maximum size of its body in bytes. To
    /// reject the request without reading its body, returns the response. The server calls it on
    /// the thread that serves all connections, so it must not block.
    std::function<std::expected<std::size_t, Response>(const Request&)> admit;
    /// Handles a request, including its body. Called concurrently from several threads.
    std::function<Response(const Request&)> handle;
    /// Returns the response to an invalid request or after a failure. `status` is 400 or above,
    /// such as 413 if the body is too large. Called concurrently from several threads.
    std::function<Response(int status)> error_response;
};

/// HTTP/1.1 server that runs until it is destroyed: one thread serves all connections, and a thread
/// pool calls Handlers::handle. Every connection and request has deadlines and size limits:
/// - A connection is closed if the headers or the body have not arrived before their deadline.
/// - Headers are limited to 16 KiB; all bodies in memory together to four bodies of the maximum
///   size. A request whose body would exceed this total is answered with 503.
/// - A new connection that exceeds `max_connections` replaces the one that has waited longest for a
///   request. If it exceeds `connections_per_client`, it replaces the one of the same client that
///   has waited longest. If none of these connections waits, the new one is closed.
/// Chunked bodies are accepted, compressed bodies are not.
class Server {
  public:
    /// Throws a `FatalError` that names the setting if the server cannot listen.
    Server(ServerOptions options, Handlers handlers);
    /// Closes all connections. Waits until the requests in the thread pool are handled, but does
    /// not send their responses.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Returns the actual host:port.
    [[nodiscard]] const std::string& address() const { return address_; }

    /// Calls Response::pieces of the streams that had no data. Thread-safe; returns immediately.
    void poll_streams();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    std::string address_;
};

}  // namespace facebus::http
