// Private to libs/http: one connection of the HTTP server.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/server.hpp"

namespace facebus::http {

class Connection;

/// Interface of the server for its connections. All functions are called on the I/O thread.
class ConnectionOwner {
  public:
    virtual ~ConnectionOwner() = default;

    [[nodiscard]] virtual const ServerOptions& options() const = 0;
    [[nodiscard]] virtual const Handlers& handlers() const = 0;

    /// Records whether a new connection may replace `connection`. This is allowed while
    /// `connection` waits for a request or, after its last response, for the client to disconnect.
    virtual void set_replaceable(Connection& connection, bool replaceable) = 0;
    /// Reserves memory for bytes of a body. Returns false if this would exceed the limit for all
    /// bodies together.
    virtual bool reserve(std::size_t bytes) = 0;
    virtual void release(std::size_t bytes) = 0;
    /// Runs `work` in the thread pool. Returns false if too many requests are waiting.
    virtual bool run(std::function<void()> work) = 0;
    /// Records that the connection is closed.
    virtual void remove(Connection& connection) = 0;
};

/// One connection: reads a request, lets the owner's handlers respond, sends the response, and
/// continues with the next request. The state machine is a chain of asynchronous operations, of
/// which at most one is pending, except that a streamed response also watches for the client's
/// disconnection. Each pending operation holds a shared pointer to the connection. All functions
/// are called on the I/O thread.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    using Socket = boost::asio::ip::tcp::socket;

    Connection(Socket socket, boost::asio::ip::address client, boost::asio::io_context& io,
               ConnectionOwner& owner);

    /// Waits for the first request.
    void start();
    /// Closes the socket; pending operations fail and end the connection.
    void close();
    /// If the response is a stream without pending data, asks it for its next piece.
    void poll_stream();

    [[nodiscard]] const boost::asio::ip::address& client() const { return client_; }

  private:
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    using ErrorCode = boost::beast::error_code;
    struct Outgoing;

    void read_head(std::chrono::milliseconds deadline);
    void on_head(ErrorCode error);
    /// Returns the status of the error response if the headers are invalid. Otherwise fills
    /// `request_` and returns nothing.
    std::optional<int> convert_head();
    void read_body();
    void on_body(ErrorCode error, std::size_t length_before);
    void handle();

    /// Sends the response. Closes the connection after it if `last` is set.
    void respond(Response response, bool last);
    void respond_error(int status);
    void send_next_piece();
    void send_piece(std::string piece);
    void send_end();
    void watch_for_disconnection();
    void finish_response();
    /// Lets the client receive the response, then closes the connection.
    void drain();
    void read_and_discard();

    boost::beast::tcp_stream stream_;
    boost::asio::ip::address client_;
    boost::asio::io_context& io_;
    ConnectionOwner& owner_;
    boost::beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    Request request_;
    bool is_head_ = false;           ///< HEAD request, whose response has no body
    std::size_t max_body_ = 0;       ///< maximum size of the body of this request
    std::size_t reserved_ = 0;       ///< bytes of the body that the owner has reserved
    std::shared_ptr<Outgoing> out_;  ///< response that is being sent
    bool closed_ = false;
};

}  // namespace facebus::http
