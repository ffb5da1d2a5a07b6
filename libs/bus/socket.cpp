#include "bus/socket.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <zmq.hpp>

#include "wire/codec.hpp"

namespace facebus::bus {
namespace {

zmq::socket_type type(Pattern pattern) {
    switch (pattern) {
        case Pattern::push:
            return zmq::socket_type::push;
        case Pattern::pull:
            return zmq::socket_type::pull;
        case Pattern::publish:
            return zmq::socket_type::pub;
        case Pattern::subscribe:
            return zmq::socket_type::sub;
        case Pattern::dealer:
            return zmq::socket_type::dealer;
        case Pattern::router:
            return zmq::socket_type::router;
    }
    std::unreachable();
}

/// A frame that refers to `bytes` until ZeroMQ has sent it.
zmq::message_t share(const Bytes& bytes) {
    if (bytes.size() < 1024) return {bytes.data(), bytes.size()};
    auto owner = std::make_unique<Bytes>(bytes);
    // ZeroMQ wants a mutable pointer but only reads what it sends.
    void* data = const_cast<std::byte*>(owner->data());
    const auto size = owner->size();
    return {data, size, [](void*, void* hint) { delete static_cast<Bytes*>(hint); },
            owner.release()};
}

Bytes adopt(zmq::message_t frame) {
    auto owner = std::make_shared<zmq::message_t>(std::move(frame));
    const void* data = owner->data();
    const auto size = owner->size();
    return {std::move(owner), data, size};
}

}  // namespace

struct Context::Impl {
    zmq::context_t context{1};
};

Context::Context() : impl_(std::make_unique<Impl>()) {}
Context::~Context() = default;

struct Socket::Impl {
    zmq::socket_t socket;
    Pattern pattern;
};

Socket::Socket(Context& context, Pattern pattern, const SocketOptions& options)
    : impl_(std::make_unique<Impl>(
          Impl{zmq::socket_t(context.impl_->context, type(pattern)), pattern})) {
    auto& socket = impl_->socket;
    socket.set(zmq::sockopt::sndhwm, options.send_queue);
    socket.set(zmq::sockopt::rcvhwm, options.receive_queue);
    socket.set(zmq::sockopt::linger, options.linger_ms);
    socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(wire::max_payload_bytes));
    socket.set(zmq::sockopt::reconnect_ivl, 100);
    socket.set(zmq::sockopt::reconnect_ivl_max, 2000);
    // A peer that vanished without a word (power, cable) is noticed by the kernel, in seconds
    // instead of hours. ZeroMQ's own heartbeats are no choice: they end the connection to a peer
    // that is merely busy, with what it had received, and abort libzmq 4.3.4 when it closes
    // meanwhile.
    socket.set(zmq::sockopt::tcp_keepalive, 1);
    socket.set(zmq::sockopt::tcp_keepalive_idle, 10);
    socket.set(zmq::sockopt::tcp_keepalive_intvl, 5);
    socket.set(zmq::sockopt::tcp_keepalive_cnt, 3);
    socket.set(zmq::sockopt::tcp_maxrt, 20'000);
    if (pattern == Pattern::router) {
        socket.set(zmq::sockopt::router_mandatory, true);
        socket.set(zmq::sockopt::router_handover, true);
    }
}

Socket::~Socket() = default;
Socket::Socket(Socket&&) noexcept = default;
Socket& Socket::operator=(Socket&&) noexcept = default;

std::string Socket::bind(const std::string& endpoint, const std::string& setting) {
    try {
        impl_->socket.bind(endpoint);
    } catch (const zmq::error_t& error) {
        const bool taken = error.num() == EADDRINUSE;
        throw StartupError(
            taken ? Exit::unavailable : Exit::config,
            fmt::format("cannot listen on {}: {}; {} {}", endpoint, error.what(),
                        taken ? "stop the program that has it or change" : "correct", setting));
    }
    return impl_->socket.get(zmq::sockopt::last_endpoint);
}

void Socket::connect(const std::string& endpoint, const std::string& setting) {
    try {
        impl_->socket.connect(endpoint);
    } catch (const zmq::error_t& error) {
        throw StartupError(Exit::config, fmt::format("cannot connect to {}: {}; correct {}",
                                                     endpoint, error.what(), setting));
    }
}

void Socket::subscribe(const std::string& topic_prefix) {
    impl_->socket.set(zmq::sockopt::subscribe, topic_prefix);
}

bool Socket::try_send(const Message& message, const std::string& peer) {
    constexpr auto more = zmq::send_flags::dontwait | zmq::send_flags::sndmore;
    auto& socket = impl_->socket;
    try {
        // Only the first frame can be refused: ZeroMQ takes a message whole or not at all.
        if (impl_->pattern == Pattern::router) {
            if (!socket.send(zmq::buffer(peer), more)) return false;
        }
        if (!socket.send(zmq::buffer(message.topic), more)) return false;
        socket.send(zmq::buffer(message.header), more);
        socket.send(share(message.payload), zmq::send_flags::dontwait);
        return true;
    } catch (const zmq::error_t& error) {
        if (error.num() == EHOSTUNREACH) return false;
        throw;
    }
}

Result<std::optional<Received>> Socket::try_receive() {
    std::array<zmq::message_t, 4> frames;
    const std::size_t expected = impl_->pattern == Pattern::router ? 4 : 3;
    std::size_t count = 0;
    bool more = true;
    while (more) {
        zmq::message_t frame;
        if (!impl_->socket.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
        more = frame.more();
        if (count < expected) frames[count] = std::move(frame);
        ++count;
    }
    if (count != expected) {
        return fail(ErrorKind::malformed,
                    fmt::format("a message of {} frames, not {}", count, expected));
    }
    Received received;
    const std::size_t first = expected - 3;
    if (first == 1) received.peer = frames[0].to_string();
    if (frames[first].size() > 128 || frames[first + 1].size() > wire::max_header_bytes) {
        return fail(ErrorKind::too_large, "topic or header above the limit");
    }
    received.message.topic = frames[first].to_string();
    received.message.header = frames[first + 1].to_string();
    received.message.payload = adopt(std::move(frames[first + 2]));
    return received;
}

void* Socket::handle() const {
    return impl_->socket.handle();
}

bool Poller::wait(std::span<Interest> interests, int timeout_ms) const {
    constexpr int beat_ms = 1000;
    std::vector<zmq::pollitem_t> items;
    for (const auto& interest : interests) {
        const auto events = (interest.read ? ZMQ_POLLIN : 0) | (interest.write ? ZMQ_POLLOUT : 0);
        items.push_back({interest.socket->handle(), 0, static_cast<short>(events), 0});
    }
    items.push_back({nullptr, stop_.descriptor(), ZMQ_POLLIN, 0});
    const auto deadline = Monotonic::now() + std::chrono::milliseconds(timeout_ms);
    while (true) {
        pulse_.beat();
        int slice = beat_ms;
        if (timeout_ms >= 0) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(deadline - Monotonic::now());
            slice = std::clamp(static_cast<int>(left.count()), 0, beat_ms);
        }
        int ready = 0;
        try {
            ready = zmq::poll(items, std::chrono::milliseconds(slice));
        } catch (const zmq::error_t& error) {
            if (error.num() != EINTR) throw;
        }
        pulse_.beat();
        for (std::size_t i = 0; i < interests.size(); ++i) {
            interests[i].ready = ready > 0 && items[i].revents != 0;
        }
        if (stop_.requested()) return false;
        if (ready > 0) return true;
        if (timeout_ms >= 0 && Monotonic::now() >= deadline) return true;
    }
}

bool Poller::wait_readable(const Socket& socket, int timeout_ms) const {
    Interest interest{.socket = &socket};
    return wait({&interest, 1}, timeout_ms);
}

bool Poller::wait_writable(const Socket& socket, int timeout_ms) const {
    Interest interest{.socket = &socket, .read = false, .write = true};
    return wait({&interest, 1}, timeout_ms);
}

}  // namespace facebus::bus
