#include "http/connection.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "http/multipart.hpp"
#include "http/target.hpp"

namespace facebus::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using std::chrono::milliseconds;

constexpr std::uint32_t max_head_bytes = 16'384;
constexpr std::size_t max_target_bytes = 8192;
// Capacity of the input buffer: the headers, and what the client sent after them.
constexpr std::size_t max_buffer_bytes = 65'536;
constexpr std::size_t piece_bytes = 65'536;
// Upper limit of the deadline for the headers of the first request. Short, because the client is
// not authenticated yet.
constexpr milliseconds head_deadline(5000);
// Time that a client may wait before its next request.
constexpr milliseconds idle_deadline(15'000);
// Time that a client may continue to send after a response that ends the connection. If the server
// closed the socket while the client is still sending, the connection would be reset, and the
// client might not receive the response.
constexpr milliseconds drain_deadline(2000);

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
    return result;
}

/// Returns whether the server handles the method.
bool is_known(bhttp::verb method) {
    constexpr std::array known{bhttp::verb::get,    bhttp::verb::head,  bhttp::verb::post,
                               bhttp::verb::put,    bhttp::verb::patch, bhttp::verb::delete_,
                               bhttp::verb::options};
    return std::ranges::find(known, method) != known.end();
}

/// Returns a function that reads the rest of a stream in pieces. Stores the size of the rest in
/// `length`.
std::function<std::optional<std::string>()> pieces_of(std::shared_ptr<std::istream> stream,
                                                      std::size_t& length) {
    const auto here = stream->tellg();
    length = static_cast<std::size_t>(stream->seekg(0, std::ios::end).tellg() - here);
    stream->seekg(here);
    return [in = std::move(stream)]() -> std::optional<std::string> {
        std::string piece(piece_bytes, '\0');
        in->read(piece.data(), static_cast<std::streamsize>(piece.size()));
        piece.resize(static_cast<std::size_t>(in->gcount()));
        if (piece.empty()) return std::nullopt;
        return piece;
    };
}

}  // namespace

/// Response that is being sent. The buffers must exist until the operation that sends them ends.
struct Connection::Outgoing {
    bhttp::response<bhttp::string_body> plain;
    bhttp::response<bhttp::empty_body> head;
    std::optional<bhttp::response_serializer<bhttp::empty_body>> head_serializer;
    std::function<std::optional<std::string>()> pieces;
    std::string piece;
    bool is_event_stream = false;
    bool chunked = false;
    bool waiting = false;  ///< there was no data at the last call of `pieces`
    bool last = false;     ///< the connection is closed after the response
};

Connection::Connection(Socket socket, asio::ip::address client, asio::io_context& io,
                       ConnectionOwner& owner)
    : stream_(std::move(socket)),
      client_(std::move(client)),
      io_(io),
      owner_(owner),
      buffer_(max_buffer_bytes) {}

void Connection::start() {
    const milliseconds timeout(static_cast<std::int64_t>(owner_.options().timeout * 1000));
    read_head(std::min(timeout, head_deadline));
}

void Connection::close() {
    if (std::exchange(closed_, true)) return;
    ErrorCode ignored;
    static_cast<void>(stream_.socket().shutdown(Socket::shutdown_both, ignored));
    stream_.close();
    owner_.release(std::exchange(reserved_, 0));
    owner_.remove(*this);
}

// ---- receiving the request ----------------------------------------------------------------------

void Connection::read_head(milliseconds deadline) {
    parser_.emplace();
    parser_->header_limit(max_head_bytes);
    // The body is limited in on_head() and on_body(), after `admit` has chosen the limit. (Boost
    // 1.74 would treat boost::none as a limit of 0.)
    parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
    request_ = {};
    owner_.set_replaceable(*this, true);
    stream_.expires_after(deadline);
    bhttp::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_head(error); });
}

void Connection::on_head(ErrorCode error) {
    if (closed_) return;
    owner_.set_replaceable(*this, false);
    if (error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow) {
        return respond_error(431);
    }
    if (error.category() == bhttp::make_error_code(bhttp::error::bad_method).category() &&
        error != bhttp::error::end_of_stream && error != bhttp::error::partial_message) {
        return respond_error(400);
    }
    if (error) return close();
    if (const auto status = convert_head()) return respond_error(*status);
    std::expected<std::size_t, Response> limit;
    try {
        limit = owner_.handlers().admit(request_);
    } catch (const std::exception&) {
        return respond_error(500);
    }
    if (!limit) {
        // The connection can continue only if there is no body to skip.
        return respond(std::move(limit.error()), !parser_->is_done() && request_.length > 0);
    }
    max_body_ = std::min(*limit, owner_.options().max_body);
    if (request_.length > max_body_) return respond_error(413);
    read_body();
}

std::optional<int> Connection::convert_head() {
    const auto& message = parser_->get();
    if (!is_known(message.method())) return 405;
    if (message.target().size() > max_target_bytes) return 414;
    auto target = decode_target({message.target().data(), message.target().size()});
    if (!target) return 400;
    is_head_ = message.method() == bhttp::verb::head;
    const auto method = bhttp::to_string(is_head_ ? bhttp::verb::get : message.method());
    request_ = {.method = {method.data(), method.size()},
                .path = std::move(target->path),
                .query = std::move(target->query),
                .headers = {},
                .length = static_cast<std::size_t>(parser_->content_length_remaining().value_or(0)),
                .body = {}};
    for (const auto& field : message) {
        const auto name = field.name_string();
        const auto value = field.value();
        request_.headers.emplace(lower({name.data(), name.size()}),
                                 std::string(value.data(), value.size()));
    }
    if (message.count(bhttp::field::host) > 1) return 400;
    if (message.count(bhttp::field::transfer_encoding) > 0) {
        // Servers that disagree about the end of a request let clients smuggle a second one.
        if (message.count(bhttp::field::content_length) > 0) return 400;
        if (!equal_ignoring_case(request_.header("transfer-encoding"), "chunked")) return 501;
    }
    const auto encoding = request_.header("content-encoding");
    if (!encoding.empty() && !equal_ignoring_case(encoding, "identity")) return 415;
    const auto expectation = request_.header("expect");
    if (!expectation.empty() && !equal_ignoring_case(expectation, "100-continue")) return 417;
    return std::nullopt;
}

void Connection::read_body() {
    if (parser_->is_done()) return handle();
    stream_.expires_after(milliseconds(static_cast<std::int64_t>(owner_.options().timeout * 1000)));
    const auto read = [self = shared_from_this()] {
        const auto before = self->parser_->get().body().size();
        bhttp::async_read_some(
            self->stream_, self->buffer_, *self->parser_,
            [self, before](ErrorCode error, std::size_t) { self->on_body(error, before); });
    };
    if (request_.headers.contains("expect")) {
        request_.headers.erase("expect");
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        asio::async_write(stream_, asio::buffer(go_on),
                          [self = shared_from_this(), read](ErrorCode error, std::size_t) {
                              if (self->closed_) return;
                              if (error) return self->close();
                              read();
                          });
        return;
    }
    read();
}

void Connection::on_body(ErrorCode error, std::size_t length_before) {
    if (closed_) return;
    if (error == beast::error::timeout || error == asio::error::operation_aborted) return close();
    if (error == bhttp::error::partial_message || error == asio::error::connection_reset) {
        return close();
    }
    if (error && error != bhttp::error::need_buffer) return respond_error(400);
    const auto size = parser_->get().body().size();
    if (size > max_body_) return respond_error(413);
    if (!owner_.reserve(size - length_before)) return respond_error(503);
    reserved_ += size - length_before;
    if (parser_->is_done()) return handle();
    bhttp::async_read_some(stream_, buffer_, *parser_,
                           [self = shared_from_this(), size](ErrorCode next, std::size_t) {
                               self->on_body(next, size);
                           });
}

void Connection::handle() {
    request_.body = std::move(parser_->get().body());
    const auto work = [self = shared_from_this(),
                       request = std::make_shared<Request>(std::move(request_))]() mutable {
        Response response;
        const auto& handlers = self->owner_.handlers();
        try {
            response = handlers.handle(*request);
        } catch (const std::exception&) {
            response = handlers.error_response(500);
        }
        request.reset();
        auto& io = self->io_;
        asio::post(io, [self = std::move(self), response = std::move(response)]() mutable {
            self->owner_.release(std::exchange(self->reserved_, 0));
            if (!self->closed_) self->respond(std::move(response), false);
        });
    };
    if (!owner_.run(work)) respond_error(503);
}

// ---- sending the response -----------------------------------------------------------------------

void Connection::respond_error(int status) {
    Response response;
    try {
        response = owner_.handlers().error_response(status);
    } catch (const std::exception&) {
        response = {.status = status};
    }
    if (status == 405) response.headers["Allow"] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    if (status == 503) response.headers["Retry-After"] = "1";
    respond(std::move(response), true);
}

void Connection::respond(Response response, bool last) {
    owner_.release(std::exchange(reserved_, 0));
    const unsigned version = parser_->get().version() == 10 ? 10 : 11;
    out_ = std::make_shared<Outgoing>();
    out_->last = last || !parser_->is_done() || !parser_->get().keep_alive();
    const auto set_head = [&](auto& message) {
        message.version(version);
        message.result(static_cast<unsigned>(response.status));
        message.keep_alive(!out_->last);
        message.set(bhttp::field::content_type, response.type);
        for (const auto& [name, value] : response.headers) message.set(name, value);
    };
    stream_.expires_after(milliseconds(static_cast<std::int64_t>(owner_.options().timeout * 1000)));
    if (!response.pieces && !response.stream) {
        auto& message = out_->plain;
        set_head(message);
        message.content_length(response.body.size());
        if (!is_head_) message.body() = std::move(response.body);
        bhttp::async_write(stream_, message,
                           [self = shared_from_this(), out = out_](ErrorCode error, std::size_t) {
                               if (self->closed_) return;
                               if (error) return self->close();
                               self->finish_response();
                           });
        return;
    }
    auto& message = out_->head;
    out_->is_event_stream = static_cast<bool>(response.pieces);
    if (response.pieces) {
        out_->pieces = std::move(response.pieces);
        out_->chunked = version == 11;
        // Without chunks, closing the connection marks the end of the response.
        if (!out_->chunked) out_->last = true;
    }
    std::size_t length = 0;
    if (response.stream) out_->pieces = pieces_of(std::move(response.stream), length);
    set_head(message);
    if (out_->is_event_stream) {
        message.chunked(out_->chunked);
    } else {
        message.content_length(length);
    }
    out_->head_serializer.emplace(message);
    bhttp::async_write_header(
        stream_, *out_->head_serializer,
        [self = shared_from_this(), out = out_](ErrorCode error, std::size_t) {
            if (self->closed_) return;
            if (error) return self->close();
            if (self->is_head_) return self->finish_response();
            if (out->is_event_stream) self->watch_for_disconnection();
            self->send_next_piece();
        });
}

void Connection::watch_for_disconnection() {
    // A client has nothing to send during a streamed response, so any input, usually the end of the
    // connection, means that it does not want the rest.
    stream_.socket().async_wait(Socket::wait_read,
                                [self = shared_from_this(), out = out_](ErrorCode error) {
                                    if (!error && self->out_ == out) self->close();
                                });
}

void Connection::send_next_piece() {
    out_->waiting = false;
    std::optional<std::string> piece;
    try {
        piece = out_->pieces();
    } catch (const std::exception&) {
        return close();
    }
    if (!piece) return send_end();
    if (piece->empty()) {
        out_->waiting = true;
        return;
    }
    send_piece(std::move(*piece));
}

void Connection::poll_stream() {
    if (!closed_ && out_ && out_->waiting) send_next_piece();
}

void Connection::send_piece(std::string piece) {
    out_->piece = std::move(piece);
    stream_.expires_after(milliseconds(static_cast<std::int64_t>(owner_.options().timeout * 1000)));
    const auto sent = [self = shared_from_this(), out = out_](ErrorCode error, std::size_t) {
        if (self->closed_) return;
        if (error) return self->close();
        self->send_next_piece();
    };
    if (out_->chunked) {
        asio::async_write(stream_, bhttp::make_chunk(asio::buffer(out_->piece)), sent);
    } else {
        asio::async_write(stream_, asio::buffer(out_->piece), sent);
    }
}

void Connection::send_end() {
    if (!out_->chunked) return finish_response();
    asio::async_write(stream_, bhttp::make_chunk_last(),
                      [self = shared_from_this(), out = out_](ErrorCode error, std::size_t) {
                          if (self->closed_) return;
                          if (error) return self->close();
                          self->finish_response();
                      });
}

void Connection::finish_response() {
    const bool was_event_stream = out_->is_event_stream;
    const bool last = out_->last;
    out_.reset();
    if (last) return drain();
    // Ends the wait of watch_for_disconnection(), whose handler would otherwise mistake the next
    // request for a disconnection.
    if (was_event_stream) stream_.socket().cancel();
    read_head(idle_deadline);
}

void Connection::drain() {
    ErrorCode ignored;
    static_cast<void>(stream_.socket().shutdown(Socket::shutdown_send, ignored));
    buffer_.consume(buffer_.size());
    owner_.set_replaceable(*this, true);
    stream_.expires_after(drain_deadline);
    read_and_discard();
}

void Connection::read_and_discard() {
    buffer_.consume(buffer_.size());
    stream_.async_read_some(buffer_.prepare(4096),
                            [self = shared_from_this()](ErrorCode error, std::size_t) {
                                if (self->closed_) return;
                                if (error) return self->close();
                                self->read_and_discard();
                            });
}

}  // namespace facebus::http
