// The server is based on cpp-httplib ("the library" below), whose limits are not sufficient: its
// timeouts restart with every byte, its queue is unbounded, and it decompresses bodies without a
// limit. BoundedStream, BoundedPool and BoundedServer add the missing limits.
#include "http/server.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <fstream>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/stop.hpp"
#include "http/listen.hpp"
#include "http/multipart.hpp"

namespace facebus::http {
namespace {

using std::chrono::milliseconds;

// Bytes that a request may have in addition to the largest body, for its request line and headers.
constexpr std::size_t max_head_bytes = 65'536;
// Maximum time for receiving the headers. Short, because the client is not authenticated yet.
constexpr milliseconds head_timeout(5000);
constexpr std::size_t buffer_bytes = 16'384;
// How long a client may continue to send after the response. If the server closed the connection
// while the client sends, the kernel would reset it, and the client might not receive the response.
constexpr auto linger = std::chrono::seconds(2);

/// Blocks until the socket is ready for `events`. Returns false at the deadline or at a stop
/// request.
bool wait_for(socket_t socket, short events, Monotonic::time_point deadline, const Stop& stop) {
    while (true) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Monotonic::now()).count();
        if (left <= 0) return false;
        std::array<pollfd, 2> polled{
            pollfd{.fd = socket, .events = events, .revents = 0},
            pollfd{.fd = stop.descriptor(), .events = POLLIN, .revents = 0}};
        const int ready =
            poll(polled.data(), polled.size(), static_cast<int>(std::min<long>(left, 60'000)));
        if (polled[0].revents != 0) return true;
        if (ready > 0 || (ready < 0 && errno != EINTR)) return false;
    }
}

/// TCP stream with a deadline for the headers of a request, a deadline for its body, and a size
/// limit for both together. Does not own the socket.
class BoundedStream : public httplib::Stream {
  public:
    BoundedStream(socket_t socket, milliseconds timeout, std::size_t max_bytes, const Stop& stop)
        : socket_(socket),
          timeout_(timeout),
          read_until_(Monotonic::now() + std::min(timeout, head_timeout)),
          write_budget_(timeout),
          left_(max_bytes),
          stop_(stop) {}

    /// Replaces the deadline for the headers with the later one for the body.
    void expect_body() { read_until_ = Monotonic::now() + timeout_; }

    [[nodiscard]] bool is_readable() const override {
        return begin_ < end_ || wait_for(socket_, POLLIN, read_until_, stop_);
    }
    [[nodiscard]] bool is_writable() const override {
        return !client_closed() && wait_for(socket_, POLLOUT, Monotonic::now() + timeout_, stop_);
    }

    ssize_t read(char* out, std::size_t size) override {
        if (begin_ == end_) {
            if (left_ == 0 || !wait_for(socket_, POLLIN, read_until_, stop_)) return -1;
            const auto got = recv(socket_, buffer_.data(), std::min(buffer_.size(), left_), 0);
            if (got <= 0) return got;
            left_ -= static_cast<std::size_t>(got);
            begin_ = 0;
            end_ = static_cast<std::size_t>(got);
        }
        const auto taken = std::min(size, end_ - begin_);
        std::copy_n(buffer_.data() + begin_, taken, out);
        begin_ += taken;
        return static_cast<ssize_t>(taken);
    }

    /// Sends bytes. Only the time spent waiting for the client counts towards the timeout, so a
    /// response may be streamed indefinitely.
    ssize_t write(const char* bytes, std::size_t size) override {
        const auto start = Monotonic::now();
        const bool ready = wait_for(socket_, POLLOUT, start + write_budget_, stop_);
        write_budget_ -= Monotonic::now() - start;
        if (!ready) return -1;
        const auto sent = send(socket_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) return sent;
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }

    void get_remote_ip_and_port(std::string& ip, int& port) const override {
        ip.clear();
        port = 0;
    }
    void get_local_ip_and_port(std::string& ip, int& port) const override {
        ip.clear();
        port = 0;
    }
    [[nodiscard]] socket_t socket() const override { return socket_; }

    /// Ends the response and discards further input until the client closes the connection, at most
    /// for the time `linger`.
    void drain() {
        ::shutdown(socket_, SHUT_WR);
        const auto until = Monotonic::now() + linger;
        while (wait_for(socket_, POLLIN, until, stop_)) {
            if (recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT) <= 0) return;
        }
    }

  private:
    /// Returns whether the client has closed its side; it then probably expects no response.
    [[nodiscard]] bool client_closed() const {
        char byte = 0;
        return recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }

    socket_t socket_;
    milliseconds timeout_;
    Monotonic::time_point read_until_;
    Monotonic::duration write_budget_;  ///< time that write() may still wait for the client
    std::size_t left_;                  ///< bytes that may still be received
    const Stop& stop_;
    std::vector<char> buffer_ = std::vector<char>(buffer_bytes);
    std::size_t begin_ = 0;  ///< start of the unread bytes in `buffer_`
    std::size_t end_ = 0;    ///< end of the unread bytes in `buffer_`
};

/// Thread pool of the library with a bounded queue. While the queue is full, the server accepts no
/// connections.
class BoundedPool : public httplib::TaskQueue {
  public:
    using Queued = decltype(std::declval<httplib::TaskQueue&>().enqueue(std::function<void()>()));

    BoundedPool(std::size_t threads, std::size_t waiting)
        : pool_(threads), free_(static_cast<std::ptrdiff_t>(threads + waiting)) {}

    Queued enqueue(std::function<void()> work) override {
        free_.acquire();  // blocks the accept loop while the queue is full
        return pool_.enqueue([this, work = std::move(work)] {
            work();
            free_.release();
        });
    }
    void shutdown() override { pool_.shutdown(); }

  private:
    httplib::ThreadPool pool_;
    std::counting_semaphore<> free_;
};

using Setup = std::function<void(httplib::Request&)>;
// Signatures of process_request() in versions 0.11 and 0.18 of the library.
using Process11 = bool (httplib::Server::*)(httplib::Stream&, bool, bool&, const Setup&);
using Process18 = bool (httplib::Server::*)(httplib::Stream&, const std::string&, int,
                                            const std::string&, int, bool, bool&, const Setup&);

// Calls process_request(). The type of that function selects the overload.
bool process(httplib::Server& server, Process11 function, BoundedStream& stream,
             const Setup& setup) {
    bool closed = true;
    return (server.*function)(stream, true, closed, setup);
}

[[maybe_unused]] bool process(httplib::Server& server, Process18 function, BoundedStream& stream,
                              const Setup& setup) {
    bool closed = true;
    return (server.*function)(stream, "", 0, "", 0, true, closed, setup);
}

/// Server of the library that uses BoundedStream.
class BoundedServer : public httplib::Server {
  public:
    BoundedServer(milliseconds timeout, std::size_t max_bytes)
        : timeout_(timeout), max_bytes_(max_bytes) {}

  private:
    bool process_and_close_socket(socket_t socket) override {
        BoundedStream stream(socket, timeout_, max_bytes_, stop_);
        const bool succeeded =
            process(*this, &BoundedServer::process_request, stream, [&](httplib::Request& request) {
                prepare(request);
                stream.expect_body();
            });
        stream.drain();
        ::close(socket);
        return succeeded;
    }

    /// Changes the headers of a request, because the library would otherwise decompress bodies
    /// without a limit, parse forms, read a body without a length until the connection ends, and
    /// respond with byte ranges.
    static void prepare(httplib::Request& request) {
        const auto rename = [&](const char* name, const char* other) {
            const auto value = request.get_header_value(name);
            if (request.headers.erase(name) > 0) request.headers.emplace(other, value);
        };
        rename("Content-Type", kept_type);
        rename("Content-Encoding", kept_encoding);
        rename("Transfer-Encoding", kept_transfer);
        request.headers.erase("Range");
        request.ranges.clear();
        if (!request.has_header("Content-Length")) request.headers.emplace("Content-Length", "0");
    }

  public:
    /// Aborts all connections that are waiting for a client, and stops the server.
    void end() {
        stop_.request();
        stop();
    }

    // Names to which prepare() renames the headers.
    static constexpr const char* kept_type = "facebus-type";
    static constexpr const char* kept_encoding = "facebus-encoding";
    static constexpr const char* kept_transfer = "facebus-transfer";

  private:
    milliseconds timeout_;
    std::size_t max_bytes_;
    Stop stop_;
};

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

/// Returns the Content-Length, or nothing if there is not exactly one valid value.
std::optional<std::size_t> length_of(const httplib::Request& request) {
    if (request.get_header_value_count("Content-Length") != 1) return std::nullopt;
    const auto text = request.get_header_value("Content-Length");
    std::size_t length = 0;
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, length);
    if (text.empty() || error != std::errc{} || rest != end) return std::nullopt;
    return length;
}

/// Returns whether `method` consists of capital letters, like a method, but is unknown to the
/// library.
bool unknown_method(const std::string& method) {
    constexpr std::array known{"GET", "HEAD",    "POST",  "PUT",   "DELETE",
                               "PRI", "CONNECT", "TRACE", "PATCH", "OPTIONS"};
    return !method.empty() && std::ranges::find(known, method) == known.end() &&
           std::ranges::all_of(method, [](unsigned char c) { return std::isupper(c) != 0; });
}

/// Converts a request of the library.
Request convert(const httplib::Request& from) {
    Request request{.method = from.method == "HEAD" ? "GET" : from.method,
                    .path = from.path,
                    .query = {from.params.begin(), from.params.end()},
                    .headers = {},
                    .length = length_of(from).value_or(0),
                    .body = from.body};
    for (const auto& [name, value] : from.headers) request.headers.emplace(lower(name), value);
    request.headers["content-type"] = from.get_header_value(BoundedServer::kept_type);
    return request;
}

/// Makes the library send the unread rest of a stream, with a Content-Length.
void send_stream(const Response& from, httplib::Response& to) {
    auto& stream = *from.stream;
    const auto here = stream.tellg();
    const auto size = static_cast<std::size_t>(stream.seekg(0, std::ios::end).tellg() - here);
    stream.seekg(here);
    to.set_content_provider(
        size, from.type.c_str(),
        [in = from.stream](std::size_t, std::size_t length, httplib::DataSink& sink) {
            std::vector<char> chunk(std::min(length, buffer_bytes));
            in->read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
            const auto got = static_cast<std::size_t>(in->gcount());
            return got > 0 && sink.write(chunk.data(), got);
        });
}

/// Makes the library send pieces, with chunked encoding.
void send_pieces(const Response& from, httplib::Response& to) {
    to.set_chunked_content_provider(
        from.type.c_str(), [next = from.pieces](std::size_t, httplib::DataSink& sink) {
            const auto piece = next();
            if (!piece) {
                sink.done();
                return true;
            }
            // Do not send an empty piece, because an empty chunk would end the response. Only check
            // whether the client is still connected.
            return piece->empty() ? sink.is_writable() : sink.write(piece->data(), piece->size());
        });
}

/// Converts a response to one of the library.
void convert(const Response& from, httplib::Response& to) {
    to.status = from.status;
    for (const auto& [name, value] : from.headers) to.set_header(name, value);
    if (from.pieces) {
        send_pieces(from, to);
    } else if (from.stream) {
        send_stream(from, to);
    } else {
        to.set_content(from.body, from.type.c_str());
    }
}

}  // namespace

std::string Request::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

struct Server::Impl {
    ServerOptions options;
    Handlers handlers;
    BoundedServer server;
    std::jthread thread;

    Impl(ServerOptions server_options, Handlers callbacks)
        : options(std::move(server_options)),
          handlers(std::move(callbacks)),
          server(milliseconds(static_cast<std::int64_t>(options.timeout * 1000)),
                 options.max_body + max_head_bytes) {}

    /// Returns an error status if the body is chunked, compressed or too large, or has an invalid
    /// length. Such a body must not be read.
    [[nodiscard]] std::optional<int> body_error(const httplib::Request& request) const {
        if (request.has_header(BoundedServer::kept_transfer)) return 411;
        const auto encoding = lower(request.get_header_value(BoundedServer::kept_encoding));
        if (!encoding.empty() && encoding != "identity") return 415;
        const auto length = length_of(request);
        if (!length) return 400;
        if (*length > options.max_body) return 413;
        return std::nullopt;
    }

    /// Sends the response that `make` returns, or the error response 500 if it throws.
    template <class Make>
    void respond(httplib::Response& response, Make make) {
        try {
            convert(make(), response);
        } catch (const std::exception&) {
            convert(handlers.error_response(500), response);
        }
    }

    void set_up() {
        server.new_task_queue = [this] {
            return new BoundedPool(options.threads, options.waiting);
        };
        server.set_payload_max_length(options.max_body);
        server.set_pre_routing_handler([this](const auto& request, auto& response) {
            using Outcome = httplib::Server::HandlerResponse;
            if (const auto status = body_error(request)) {
                respond(response, [&] { return handlers.error_response(*status); });
                return Outcome::Handled;
            }
            return admit(request, response) ? Outcome::Unhandled : Outcome::Handled;
        });
        const auto handle = [this](const httplib::Request& request, httplib::Response& response) {
            respond(response, [&] { return handlers.handle(convert(request)); });
        };
        // The same pattern for all methods; it matches every path, because Handlers::handle does
        // the routing.
        const char* const all = "[\\s\\S]*";
        server.Get(all, handle);
        server.Post(all, handle);
        server.Put(all, handle);
        server.Patch(all, handle);
        server.Delete(all, handle);
        server.Options(all, handle);
        // The library itself rejects some requests. Their responses get a body from the handlers.
        server.set_error_handler([this](const auto& request, auto& response) {
            if (!response.body.empty()) return;
            if (response.status == 400 && unknown_method(request.method)) {
                response.status = 405;
                response.set_header("Allow", "GET, POST, PUT, PATCH, DELETE");
            }
            respond(response, [&] { return handlers.error_response(response.status); });
        });
    }

    /// Calls Handlers::admit. Returns whether the request is admitted; otherwise sends the
    /// response.
    bool admit(const httplib::Request& request, httplib::Response& response) {
        try {
            const auto rejection = handlers.admit(convert(request));
            if (!rejection) return true;
            convert(*rejection, response);
        } catch (const std::exception&) {
            convert(handlers.error_response(500), response);
        }
        return false;
    }
};

Server::Server(ServerOptions options, Handlers handlers)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handlers))) {
    impl_->set_up();
    address_ = listen(impl_->server, impl_->thread, impl_->options.address, impl_->options.setting);
}

Server::~Server() {
    impl_->server.end();
}

}  // namespace facebus::http
