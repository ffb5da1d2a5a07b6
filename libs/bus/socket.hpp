// ZeroMQ sockets for messages of three frames: topic, header, payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/heartbeat.hpp"
#include "base/stop.hpp"
#include "bus/allow_list.hpp"
#include "bus/security.hpp"
#include "wire/codec.hpp"

namespace facebus::bus {

/// Message of three frames; the payload may be empty.
struct Message {
    std::string topic;
    std::string header;  ///< MessagePack, see wire/codec.hpp
    Bytes payload;
};

/// Functions that a Context calls from its own threads.
struct ContextEvents {
    /// Called with the reason why connections were closed.
    std::function<void(const Error&)> on_error = [](const Error&) {};
    /// Called about once per second if `Security::allowed` is set: with the number of allowed keys,
    /// or with the reason why older keys remain in force; see AllowList.
    std::function<void(const Result<std::size_t>&)> on_allow_list = [](const Result<std::size_t>&) {
    };
};

/// ZeroMQ context with one I/O thread. Must outlive its sockets. Thread-safe.
class Context {
  public:
    /// Throws `FatalError` (config) if `security.allowed` is set and AllowList rejects it.
    explicit Context(Security security = {}, ContextEvents events = {});
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// Rereads `security.allowed` now; see AllowList::refresh(). Returns 0 if it is not set.
    Result<std::size_t> refresh_allowed();

  private:
    friend class Socket;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Type of a ZeroMQ socket.
enum class SocketType {
    push,       ///< sends each message to one pull socket
    pull,       ///< receives from all connected push sockets
    publish,    ///< sends to all subscribers; slow subscribers lose messages
    subscribe,  ///< receives messages with the topics that it subscribed to
    dealer,     ///< exchanges messages with one router
    router,     ///< exchanges messages with many dealers, each addressed by its peer name
};

/// Limits of a socket, and the role that the keys of its peers must have.
struct SocketOptions {
    int send_queue = 1000;     ///< maximum number of unsent messages per peer
    int receive_queue = 1000;  ///< maximum number of unread messages per peer
    /// Time during which queued messages are still sent after the socket is destroyed. The
    /// destructor of the Context blocks for up to this time.
    int linger_ms = 0;
    /// Maximum size of a received frame, in bytes. A peer that sends a larger one is disconnected.
    std::size_t max_frame_bytes = wire::max_payload_bytes;
    /// Role that the key of a connecting peer must have. Empty: the socket listens without CURVE
    /// and does not limit connections.
    std::string role{};
    /// For a dealer: keep the same peer name on the router when it reconnects, and count the
    /// connections. The name is random, so that no other peer can take it.
    bool keep_peer_name = false;
};

/// Received message and its sender.
struct Received {
    /// On a router, the name of the sender, valid until it disconnects. Otherwise empty.
    std::string peer;
    Message message;
    /// Entry of the sender's key in the AllowList. Null unless this socket listens with CURVE.
    std::shared_ptr<const AllowedKey> key{};
};

/// ZeroMQ socket. If it listens and has a role, it limits the number of connections (to a quarter
/// of the file descriptors of the process, at most 4,096), the bytes that a peer sends without
/// completing a message, and the bytes of the subscriptions of a subscriber. A peer that exceeds a
/// limit is disconnected and reported to ContextEvents; see ConnectionGuard. Not thread-safe.
class Socket {
  public:
    Socket(Context& context, SocketType type, const SocketOptions& options = {});
    ~Socket();
    Socket(Socket&&) noexcept;
    Socket& operator=(Socket&&) noexcept;

    /// Binds the socket and returns the actual endpoint: `*` in tcp://127.0.0.1:* is replaced by
    /// the port. `setting` is the configuration key of the endpoint, for error messages. Throws
    /// `FatalError` if the socket cannot listen there, or if Security does not permit the endpoint.
    std::string bind(const std::string& endpoint, const std::string& setting);
    /// Connects, and reconnects whenever the peer becomes available again. Throws `FatalError` if
    /// the endpoint is malformed, or if Security does not permit it.
    void connect(const std::string& endpoint, const std::string& setting);
    /// Subscribes to topics that begin with `topic_prefix`. Requires: SocketType::subscribe.
    void subscribe(const std::string& topic_prefix);

    /// Sends without blocking. `peer` is the recipient if this socket is a router, otherwise
    /// unused. Returns false if the queue is full or, on a router, the peer is not connected.
    bool try_send(const Message& message, const std::string& peer = {});

    /// Returns the next message, or nothing if no message is queued. On an error the message is
    /// dropped. Errors: malformed (not three frames; if this socket listens and has a role, a peer
    /// that sends more than four is disconnected), too_large (topic above 128 bytes, or header
    /// above wire::max_header_bytes), refused (the peer's key was removed from the AllowList after
    /// the peer had connected; the peer is disconnected). On a router, stores the name of the peer
    /// in `sender`, even on errors.
    Result<std::optional<Received>> try_receive(std::string* sender = nullptr);

    /// Returns how many connections to this listening socket ended before their handshake
    /// succeeded, for example because the peer did not speak ZeroMQ, had no key, expected a
    /// different key of the broker, or had a key that is not allowed; see RejectionCounter. Returns
    /// 0 if the socket has no role.
    [[nodiscard]] std::uint64_t rejected_connections() const;

    /// Returns how often this socket has connected to its peer, or 0 unless
    /// SocketOptions::keep_peer_name is set.
    [[nodiscard]] std::uint64_t connections();

    /// Makes the destructor of the Context block until all queued messages are sent, instead of
    /// `SocketOptions::linger_ms`.
    void linger_until_sent();

    /// Returns the underlying ZeroMQ socket, for Poller.
    [[nodiscard]] void* handle() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Socket to wait for.
struct Interest {
    const Socket* socket = nullptr;
    bool read = true;    ///< wait until a message can be received
    bool write = false;  ///< wait until a message can be sent
    bool ready = false;  ///< set by Poller::wait(): the socket can be read or written as requested
};

/// Poller of sockets and the stop request. Updates the heartbeat while it waits. Thread-safe, but
/// no other thread may use the sockets during a call.
class Poller {
  public:
    Poller(const Stop& stop, Heartbeat& heartbeat) : stop_(stop), heartbeat_(heartbeat) {}

    /// Updates the heartbeat. Returns false if the stop was requested. A loop that may always find
    /// something to do, and then never calls wait(), must call this function instead.
    [[nodiscard]] bool keep_running() const;

    /// Blocks until a socket is ready, the stop is requested or the timeout expires (negative: no
    /// timeout). Returns false if the stop was requested.
    bool wait(std::span<Interest> interests, int timeout_ms) const;
    /// Like wait(), for one socket.
    bool wait_readable(const Socket& socket, int timeout_ms) const;
    bool wait_writable(const Socket& socket, int timeout_ms) const;

  private:
    const Stop& stop_;
    Heartbeat& heartbeat_;
};

}  // namespace facebus::bus
