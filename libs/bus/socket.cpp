#include "bus/socket.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <zmq.hpp>

#include "bus/allow_list.hpp"
#include "bus/rejection_counter.hpp"
#include "bus/tsan.hpp"
#include "bus/zap_handler.hpp"

namespace facebus::bus {
namespace {

constexpr std::size_t max_topic_bytes = 128;
constexpr std::string_view set_key =
    "would not be encrypted; set bus.key (only for endpoints of the broker, see `facebus keygen "
    "--help`)";

zmq::socket_type zmq_type(SocketType type) {
    switch (type) {
        case SocketType::push:
            return zmq::socket_type::push;
        case SocketType::pull:
            return zmq::socket_type::pull;
        case SocketType::publish:
            return zmq::socket_type::pub;
        case SocketType::subscribe:
            return zmq::socket_type::sub;
        case SocketType::dealer:
            return zmq::socket_type::dealer;
        case SocketType::router:
            return zmq::socket_type::router;
    }
    std::unreachable();
}

/// Returns a name of 128 random bits.
std::string random_name() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

/// Returns a frame that contains `bytes`. A large frame shares their memory until ZeroMQ has sent
/// it.
zmq::message_t share(const Bytes& bytes) {
    // Copying a few bytes is cheaper than a reference-counted frame.
    if (bytes.size() < 1024) return {bytes.data(), bytes.size()};
    auto owner = std::make_unique<Bytes>(bytes);
    // ZeroMQ requires a mutable pointer, but never writes to a frame that it sends.
    void* data = const_cast<std::byte*>(owner->data());
    const auto size = owner->size();
    const auto release = [](void*, void* hint) {
        acquire_from_zmq(hint);
        delete static_cast<Bytes*>(hint);
    };
    release_to_zmq(owner.get());
    return {data, size, release, owner.release()};
}

/// Returns Bytes that own the frame.
Bytes adopt(zmq::message_t frame) {
    auto owner = std::make_shared<zmq::message_t>(std::move(frame));
    const void* data = owner->data();
    const auto size = owner->size();
    return {std::move(owner), data, size};
}

}  // namespace

struct Context::Impl {
    Security security;
    std::optional<AllowList> allowed;
    zmq::context_t context{1};
    std::optional<ZapHandler> zap_handler;
    /// Number of monitors created, for unique names. Not atomic, because all sockets are bound in
    /// the same thread.
    int monitors = 0;

    explicit Impl(Security given) : security(std::move(given)) {
        if (security.allowed.empty()) return;
        allowed.emplace(security.allowed);
        zap_handler.emplace(context, *allowed);
    }
};

Context::Context(Security security) : impl_(std::make_unique<Impl>(std::move(security))) {}
Context::~Context() = default;

Result<std::size_t> Context::refresh_allowed() {
    if (!impl_->allowed) return 0;
    return impl_->allowed->refresh();
}

struct Socket::Impl {
    Context::Impl& context;
    zmq::socket_t socket;
    SocketType type;
    std::string role;
    bool curve_server = false;  ///< peers must authenticate with CURVE
    std::optional<zmq::socket_t> monitor;
    RejectionCounter rejections;

    void protect_listening(const std::string& endpoint, const std::string& setting);
    void protect_connecting(const std::string& endpoint, const std::string& setting);
    void watch_connections();
    [[nodiscard]] bool still_allowed(zmq::message_t& frame) const;

  private:
    void require_unencrypted_allowed(const std::string& endpoint, const std::string& setting,
                                     std::string_view alternative) const;
};

/// Throws `FatalError` if the endpoint may not be used without encryption. `alternative`: part
/// of the message that states the problem and how to solve it without bus.allow_unencrypted.
void Socket::Impl::require_unencrypted_allowed(const std::string& endpoint,
                                               const std::string& setting,
                                               std::string_view alternative) const {
    using Unencrypted = Security::Unencrypted;
    const auto permitted = context.security.allow_unencrypted;
    if (permitted == Unencrypted::anywhere ||
        (permitted == Unencrypted::loopback && is_loopback(endpoint)))
        return;
    throw FatalError(
        Exit::config,
        fmt::format("{} {} {}, or set bus.allow_unencrypted to {}", setting, endpoint, alternative,
                    is_loopback(endpoint)
                        ? "loopback to allow unencrypted connections on this machine"
                        : "anywhere if you trust the whole network"));
}

void Socket::Impl::protect_listening(const std::string& endpoint, const std::string& setting) {
    const auto& security = context.security;
    if (!is_tcp(endpoint)) return;
    if (role.empty()) {
        return require_unencrypted_allowed(endpoint, setting,
                                           "cannot be encrypted; use an ipc:// endpoint");
    }
    if (!security.own_keys) return require_unencrypted_allowed(endpoint, setting, set_key);
    if (!context.allowed) {
        throw FatalError(Exit::config,
                         fmt::format("{} {} requires keys; set bus.allowed to the folder with the "
                                     "public keys of the peers that may connect",
                                     setting, endpoint));
    }
    socket.set(zmq::sockopt::curve_server, true);
    socket.set(zmq::sockopt::curve_secretkey, security.own_keys->secret_key);
    // Without a ZAP handler, ZeroMQ would accept every key. A handler exists here, because the
    // context starts it before this socket is bound and stops it after this socket is closed. In
    // addition, the key is checked again for every message, see still_allowed().
    socket.set(zmq::sockopt::zap_domain, role);
    // Deadline in ms for the handshake, including the reply of the ZAP handler. ZeroMQ closes a
    // connection that was rejected, or that sends nothing, only when this deadline has passed.
    socket.set(zmq::sockopt::handshake_ivl, 3000);
    curve_server = true;
}

void Socket::Impl::protect_connecting(const std::string& endpoint, const std::string& setting) {
    const auto& security = context.security;
    if (!is_tcp(endpoint)) return;
    if (!security.own_keys) return require_unencrypted_allowed(endpoint, setting, set_key);
    if (security.broker_key.empty()) {
        throw FatalError(
            Exit::config,
            fmt::format("bus.key is set, so connecting to {} {} requires the public key of the "
                        "broker: set bus.broker to the broker's .pub file; if the endpoint is "
                        "the input of another stage, use an ipc:// endpoint instead",
                        setting, endpoint));
    }
    socket.set(zmq::sockopt::curve_publickey, security.own_keys->public_key);
    socket.set(zmq::sockopt::curve_secretkey, security.own_keys->secret_key);
    socket.set(zmq::sockopt::curve_serverkey, security.broker_key);
}

void Socket::Impl::watch_connections() {
    const auto name = fmt::format("inproc://facebus-monitor-{}", ++context.monitors);
    // The events for failed handshakes do not cover all failures, so RejectionCounter derives the
    // failures from the events for disconnects.
    constexpr int events =
        ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED;
    if (zmq_socket_monitor(socket.handle(), name.c_str(), events) != 0) throw zmq::error_t();
    monitor.emplace(context.context, zmq::socket_type::pair);
    // Unbounded: if this queue were full, the I/O thread of ZeroMQ would block, and with it all
    // sockets.
    monitor->set(zmq::sockopt::rcvhwm, 0);
    monitor->connect(name);
}

// The ZAP handler checks a key only when a peer connects. Checking each received message as well
// makes the removal of a key effective for peers that are connected. Exception: a subscriber sends
// no messages, so it remains connected.
bool Socket::Impl::still_allowed(zmq::message_t& frame) const {
    if (!curve_server) return true;
    const char* key = zmq_msg_gets(frame.handle(), "User-Id");
    return key != nullptr && context.allowed->allows(role, key);
}

Socket::Socket(Context& context, SocketType type, const SocketOptions& options)
    : impl_(std::make_unique<Impl>(*context.impl_,
                                   zmq::socket_t(context.impl_->context, zmq_type(type)), type,
                                   options.role)) {
    auto& socket = impl_->socket;
    socket.set(zmq::sockopt::sndhwm, options.send_queue);
    socket.set(zmq::sockopt::rcvhwm, options.receive_queue);
    socket.set(zmq::sockopt::linger, options.linger_ms);
    socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(options.max_frame_bytes));
    socket.set(zmq::sockopt::reconnect_ivl, 100);
    socket.set(zmq::sockopt::reconnect_ivl_max, 2000);
    // TCP keep-alive detects a peer that vanished (power, cable) within 25 s instead of hours.
    // ZeroMQ's own heartbeats are not an option: they disconnect a peer that is merely busy,
    // which loses the messages queued for it, and libzmq 4.3.4 aborts if a socket is closed while
    // heartbeats are in progress.
    socket.set(zmq::sockopt::tcp_keepalive, 1);
    socket.set(zmq::sockopt::tcp_keepalive_idle, 10);
    socket.set(zmq::sockopt::tcp_keepalive_intvl, 5);
    socket.set(zmq::sockopt::tcp_keepalive_cnt, 3);
    socket.set(zmq::sockopt::tcp_maxrt, 20'000);
    if (options.keep_peer_name) socket.set(zmq::sockopt::routing_id, random_name());
    if (type == SocketType::router) {
        // Fail if a message is sent to a disconnected peer, instead of dropping it silently.
        socket.set(zmq::sockopt::router_mandatory, true);
        socket.set(zmq::sockopt::router_handover, true);
    }
}

Socket::~Socket() = default;
Socket::Socket(Socket&&) noexcept = default;
Socket& Socket::operator=(Socket&&) noexcept = default;

std::string Socket::bind(const std::string& endpoint, const std::string& setting) {
    impl_->protect_listening(endpoint, setting);
    if (!impl_->role.empty()) impl_->watch_connections();
    try {
        impl_->socket.bind(endpoint);
    } catch (const zmq::error_t& error) {
        const bool taken = error.num() == EADDRINUSE;
        const char* remedy = "correct";
        if (taken) {
            remedy = "stop the program that uses it, or change";
        } else if (endpoint.starts_with("ipc://")) {
            remedy = "create its folder and make it writable, or change";
        }
        throw FatalError(
            taken ? Exit::unavailable : Exit::config,
            fmt::format("cannot listen on {}: {}; {} {}", endpoint, error.what(), remedy, setting));
    }
    return impl_->socket.get(zmq::sockopt::last_endpoint);
}

void Socket::connect(const std::string& endpoint, const std::string& setting) {
    impl_->protect_connecting(endpoint, setting);
    try {
        impl_->socket.connect(endpoint);
    } catch (const zmq::error_t& error) {
        throw FatalError(Exit::config, fmt::format("cannot connect to {}: {}; correct {}", endpoint,
                                                   error.what(), setting));
    }
}

void Socket::subscribe(const std::string& topic_prefix) {
    impl_->socket.set(zmq::sockopt::subscribe, topic_prefix);
}

bool Socket::try_send(const Message& message, const std::string& peer) {
    constexpr auto more = zmq::send_flags::dontwait | zmq::send_flags::sndmore;
    auto& socket = impl_->socket;
    try {
        // Only the first frame can be rejected, because ZeroMQ queues a message completely or not
        // at all.
        if (impl_->type == SocketType::router) {
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

Result<std::optional<Received>> Socket::try_receive(std::string* sender) {
    std::array<zmq::message_t, 4> frames;
    const std::size_t expected = impl_->type == SocketType::router ? 4 : 3;
    std::size_t count = 0;
    bool more = true;
    while (more) {
        zmq::message_t frame;
        if (!impl_->socket.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
        more = frame.more();
        if (count < expected) frames[count] = std::move(frame);
        ++count;
    }
    Received received;
    const std::size_t first = expected - 3;
    if (first == 1) received.peer = frames[0].to_string();
    if (sender != nullptr) *sender = received.peer;
    if (count != expected) {
        return fail(ErrorKind::malformed, fmt::format("the message has {} frames instead of {}",
                                                      count - first, expected - first));
    }
    if (!impl_->still_allowed(frames[first])) {
        return fail(ErrorKind::refused,
                    "dropped a message: the sender's key is no longer in bus.allowed");
    }
    if (frames[first].size() > max_topic_bytes ||
        frames[first + 1].size() > wire::max_header_bytes) {
        return fail(
            ErrorKind::too_large,
            fmt::format("the topic has {} bytes (limit {}) and the header {} bytes (limit {})",
                        frames[first].size(), max_topic_bytes, frames[first + 1].size(),
                        wire::max_header_bytes));
    }
    received.message.topic = frames[first].to_string();
    received.message.header = frames[first + 1].to_string();
    received.message.payload = adopt(std::move(frames[first + 2]));
    return received;
}

std::uint64_t Socket::rejected_connections() {
    auto& self = *impl_;
    if (!self.monitor) return 0;
    zmq::message_t frame;
    while (self.monitor->recv(frame, zmq::recv_flags::dontwait)) {
        // An event has two frames. The first one contains the number and the value of the event,
        // the second one the endpoint, which is skipped by the check below.
        std::uint16_t event = 0;
        std::int32_t value = 0;
        if (!frame.more() || frame.size() != sizeof event + sizeof value) continue;
        const auto* bytes = frame.data<std::byte>();
        std::memcpy(&event, bytes, sizeof event);
        std::memcpy(&value, bytes + sizeof event, sizeof value);
        if (event == ZMQ_EVENT_ACCEPTED) self.rejections.on_accepted(value);
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) self.rejections.on_handshake_succeeded();
        if (event == ZMQ_EVENT_DISCONNECTED) self.rejections.on_disconnected(value);
    }
    return self.rejections.rejected();
}

void* Socket::handle() const {
    return impl_->socket.handle();
}

bool Poller::wait(std::span<Interest> interests, int timeout_ms) const {
    constexpr int max_slice_ms = 1000;
    std::vector<zmq::pollitem_t> items;
    for (const auto& interest : interests) {
        const auto events = (interest.read ? ZMQ_POLLIN : 0) | (interest.write ? ZMQ_POLLOUT : 0);
        items.push_back({interest.socket->handle(), 0, static_cast<short>(events), 0});
    }
    items.push_back({nullptr, stop_.descriptor(), ZMQ_POLLIN, 0});
    const auto deadline = Monotonic::now() + std::chrono::milliseconds(timeout_ms);
    while (true) {
        // Wait in slices, so that the heartbeat is updated at least once per second.
        heartbeat_.beat();
        int slice = max_slice_ms;
        if (timeout_ms >= 0) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(deadline - Monotonic::now());
            slice = std::clamp(static_cast<int>(left.count()), 0, max_slice_ms);
        }
        int ready = 0;
        try {
            ready = zmq::poll(items, std::chrono::milliseconds(slice));
        } catch (const zmq::error_t& error) {
            if (error.num() != EINTR) throw;
        }
        heartbeat_.beat();
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
