#include "bus/socket.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>
#include <zmq.hpp>

#include "bus/connection_guard.hpp"
#include "bus/tsan.hpp"
#include "bus/zap_handler.hpp"

namespace facebus::bus {
namespace {

constexpr std::size_t max_topic_bytes = 128;
// A peer that sends more parts in a message is disconnected.
constexpr std::size_t max_parts = 4;
// Limit for the bytes that a subscriber sends over one connection. They are mostly subscriptions,
// which use up to 50 times their size in memory.
constexpr std::uint64_t max_subscriber_bytes = std::uint64_t{256} * 1024;
constexpr std::string_view set_key =
    "would not be encrypted; set bus.key (works only for endpoints of the broker; see `facebus "
    "keygen --help`)";

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

/// Returns the size on the wire of a frame with `frame` bytes, in ZMTP 3.0 (ZeroMQ RFC 23). If
/// `encrypted`, CURVE (RFC 26) is used.
std::uint64_t sent_bytes(std::size_t frame, bool encrypted) {
    const auto body = encrypted ? frame + 33 : frame;
    return body + (body > 255 ? 9 : 2);
}

/// Returns the limits for the connections to a socket.
ConnectionGuard::Limits connection_limits(SocketType type, const SocketOptions& options) {
    ConnectionGuard::Limits limits;
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    // The broker has three such sockets. The last quarter of the descriptors is for other uses.
    limits.connections = std::min<std::size_t>(descriptors.rlim_cur / 4, 4096);
    if (type == SocketType::publish) {
        limits.unread_bytes = max_subscriber_bytes;
        limits.of = "of subscriptions";
    } else {
        // A regular peer can fill the queue and send one more message.
        limits.unread_bytes = (static_cast<std::uint64_t>(options.receive_queue) + 1) *
                              (max_topic_bytes + wire::max_header_bytes + options.max_frame_bytes);
    }
    limits.all_unread_bytes = 64 * limits.unread_bytes;
    return limits;
}

}  // namespace

struct Context::Impl {
    Security security;
    ContextEvents events;
    std::optional<AllowList> allowed;
    zmq::context_t context{1};
    std::mutex mutex;
    std::map<std::string, ConnectionGuard*> guards;  ///< by role; protected by `mutex`
    std::optional<ZapHandler> zap_handler;

    Impl(Security given, ContextEvents given_events)
        : security(std::move(given)), events(std::move(given_events)) {
        if (security.allowed.empty()) return;
        allowed.emplace(security.allowed);
        zap_handler.emplace(
            context, *allowed,
            [this](const auto& address, const auto& key) {
                const std::lock_guard lock(mutex);
                const auto guard = guards.find(key->role);
                if (guard != guards.end()) guard->second->on_authenticated(address, key);
            },
            events.on_allow_list);
    }
};

Context::Context(Security security, ContextEvents events)
    : impl_(std::make_unique<Impl>(std::move(security), std::move(events))) {}
Context::~Context() = default;

Result<std::size_t> Context::refresh_allowed() {
    if (!impl_->allowed) return 0;
    return impl_->allowed->refresh();
}

struct Socket::Impl {
    Context::Impl& context;
    zmq::socket_t socket;
    SocketType type;
    SocketOptions options;
    bool curve_server = false;  ///< peers must authenticate with CURVE
    std::optional<ConnectionGuard> guard;
    std::optional<zmq::socket_t> monitor;  ///< receives an event for each connection
    std::uint64_t connections = 0;         ///< number of events so far

    ~Impl();
    void protect_listening(const std::string& endpoint, const std::string& setting);
    void protect_connecting(const std::string& endpoint, const std::string& setting);
    void guard_connections(const std::string& setting);
    void count_connections(const std::string& setting);
    Result<std::shared_ptr<const AllowedKey>> key_of_sender(zmq::message_t& frame) const;

  private:
    void require_unencrypted_allowed(const std::string& endpoint, const std::string& setting,
                                     std::string_view alternative) const;
};

Socket::Impl::~Impl() {
    // Stop the events first: without a reader, an event would block the I/O thread of ZeroMQ.
    if (monitor) zmq_socket_monitor(socket.handle(), nullptr, 0);
    if (!guard) return;
    const std::lock_guard lock(context.mutex);
    std::erase_if(context.guards, [this](const auto& entry) { return entry.second == &*guard; });
}

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
    if (options.role.empty()) {
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
    // addition, the key is checked again for every message, see key_of_sender().
    socket.set(zmq::sockopt::zap_domain, options.role);
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

void Socket::Impl::guard_connections(const std::string& setting) {
    // Deadline in ms for the handshake, including the reply of the ZAP handler. ZeroMQ closes a
    // connection that was rejected, or that sends nothing, only when this deadline has passed.
    socket.set(zmq::sockopt::handshake_ivl, 3000);
    guard.emplace(context.context, socket, setting, curve_server, connection_limits(type, options),
                  context.events.on_error);
    const std::lock_guard lock(context.mutex);
    context.guards[options.role] = &*guard;
}

void Socket::Impl::count_connections(const std::string& setting) {
    // The handle makes the name unique in the context.
    const auto events = fmt::format("inproc://facebus-connections-{}", socket.handle());
    if (zmq_socket_monitor(socket.handle(), events.c_str(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED) != 0) {
        throw FatalError(Exit::unavailable, fmt::format("cannot watch the connection to {}: {}",
                                                        setting, std::strerror(errno)));
    }
    monitor.emplace(context.context, zmq::socket_type::pair);
    // Unbounded: if this queue were full, the I/O thread of ZeroMQ would block.
    monitor->set(zmq::sockopt::rcvhwm, 0);
    monitor->connect(events);
}

// The ZAP handler checks a key only when a peer connects. Checking each received message as well
// makes the removal of a key effective for peers that are connected. Exception: a subscriber sends
// no messages, so it remains connected.
Result<std::shared_ptr<const AllowedKey>> Socket::Impl::key_of_sender(zmq::message_t& frame) const {
    if (!curve_server) return nullptr;
    const char* key = zmq_msg_gets(frame.handle(), "User-Id");
    if (auto allowed = context.allowed->find(options.role, key == nullptr ? "" : key)) {
        return allowed;
    }
    return fail(ErrorKind::refused,
                fmt::format("disconnected a peer: its key {} was removed from bus.allowed",
                            context.allowed->name_of(key == nullptr ? "" : key)));
}

Socket::Socket(Context& context, SocketType type, const SocketOptions& options)
    : impl_(std::make_unique<Impl>(
          *context.impl_, zmq::socket_t(context.impl_->context, zmq_type(type)), type, options)) {
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
    if (!impl_->options.role.empty()) impl_->guard_connections(setting);
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
    if (impl_->options.keep_peer_name && !impl_->monitor) impl_->count_connections(setting);
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
    auto& self = *impl_;
    std::array<zmq::message_t, 4> frames;
    const std::size_t expected = self.type == SocketType::router ? 4 : 3;
    const std::size_t first = expected - 3;  // index of the topic
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    bool more = true;
    while (more) {
        zmq::message_t frame;
        if (!self.socket.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
        more = frame.more();
        if (count >= first) bytes += sent_bytes(frame.size(), self.curve_server);
        if (count < expected) frames[count] = std::move(frame);
        ++count;
    }
    Received received;
    if (first == 1) received.peer = frames[0].to_string();
    if (sender != nullptr) *sender = received.peer;
    const auto disconnect = [&] {
        if (self.guard) self.guard->close(zmq_msg_get(frames[first].handle(), ZMQ_SRCFD));
    };
    auto key = self.key_of_sender(frames[first]);
    if (!key) {
        disconnect();
        return std::unexpected(std::move(key.error()));
    }
    received.key = std::move(*key);
    if (self.guard) {
        self.guard->on_message(zmq_msg_get(frames[first].handle(), ZMQ_SRCFD), bytes, received.key);
    }
    if (count != expected) {
        const bool hostile = self.guard && count - first > max_parts;
        if (hostile) disconnect();
        return fail(
            ErrorKind::malformed,
            fmt::format("{} message has {} frames instead of {}{}",
                        hostile ? "disconnected a peer: its" : "the", count - first,
                        expected - first, received.key ? " (key " + received.key->name + ")" : ""));
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

std::uint64_t Socket::rejected_connections() const {
    return impl_->guard ? impl_->guard->rejected() : 0;
}

std::uint64_t Socket::connections() {
    zmq::message_t frame;
    while (impl_->monitor && impl_->monitor->recv(frame, zmq::recv_flags::dontwait)) {
        // An event has two frames.
        if (!frame.more()) ++impl_->connections;
    }
    return impl_->connections;
}

void Socket::linger_until_sent() {
    impl_->socket.set(zmq::sockopt::linger, -1);
}

void* Socket::handle() const {
    return impl_->socket.handle();
}

}  // namespace facebus::bus
