// An HTTP server whose handlers know nothing of sockets.
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

struct Request {
    std::string method;                             ///< HEAD comes as GET
    std::string path;                               ///< decoded; without the query
    std::multimap<std::string, std::string> query;  ///< decoded
    std::map<std::string, std::string> headers;     ///< by their names in lower case
    std::size_t length = 0;                         ///< of the body, as announced
    std::string body;                               ///< empty while it has not been read

    /// Empty if it is not there.
    [[nodiscard]] std::string header(const std::string& name) const;
};

struct Response {
    int status = 200;
    std::string body{};
    std::string type = "application/json";
    std::map<std::string, std::string> headers{};
    /// If there is one, what is left of it is sent instead of the body. A file may be unlinked once
    /// it is open: then nothing of it stays on the disk, whatever ends the program.
    std::shared_ptr<std::istream> stream{};
    /// If there is one, the answer is what it gives, piece by piece, until it gives nothing. It may
    /// wait for a second or so, and then gives an empty piece if there is none: that is when it is
    /// seen that the client has gone.
    std::function<std::optional<std::string>()> pieces{};
};

struct ServerOptions {
    std::string address;                ///< host:port, port 0 for a free one
    std::string setting;                ///< that the address is from
    std::size_t threads = 8;            ///< requests read and answered at once
    std::size_t waiting = 64;           ///< connections that wait for one; more wait in the kernel
    std::size_t max_body = 1'000'000;  ///< bytes
    double timeout =
        30;  ///< seconds for a request to arrive, and that an answer waits for a client
};

/// What the server asks. All are called from several threads at once, and may throw: the answer is
/// then refuse(500).
struct Handlers {
    /// Looks at a request before its body is read. An answer here is the answer, and the body is
    /// not read.
    std::function<std::optional<Response>(const Request&)> admit;
    std::function<Response(const Request&)> answer;
    /// The body of an answer to what is no HTTP, or not as it should be: 400, 405, 411, 413, 414,
    /// 415, 500.
    std::function<Response(int status)> refuse;
};

/// Serves `site` in threads of its own until it is destroyed. One request a connection. A request
/// that does not arrive in time, by whatever small steps it comes, ends with its connection. Bodies
/// come with a length and as they are: neither chunked nor compressed.
class Server {
  public:
    /// Throws StartupError that names the setting if it can't listen.
    Server(ServerOptions options, Handlers site);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// host:port as bound.
    [[nodiscard]] const std::string& address() const { return address_; }

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    std::string address_;
};

}  // namespace facebus::http
