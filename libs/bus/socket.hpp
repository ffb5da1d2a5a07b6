// ZeroMQ sockets for messages of three frames: topic, header, payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/heartbeat.hpp"
#include "base/stop.hpp"
#include "bus/security.hpp"
#include "wire/codec.hpp"

namespace facebus::bus {

/// Message of three frames; the payload may be empty.
struct Message {
    std::string topic;
    std::string header;  ///< MessagePack, see wire/codec.hpp
    Bytes payload;
};

/// ZeroMQ context with one I/O thread; one per process. Must outlive its sockets. Thread-safe,
/// except that all sockets are constructed and bound in one thread.
class Context {
  public:
    /// Throws `FatalError` (config) if `security.allowed` is set but unreadable.
    explicit Context(Security security = {});
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

  private:
    friend class Socket;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Behaviour of a socket, after the patterns of ZeroMQ.
enum class SocketType {
    push,       ///< sends to one connected pull; fails if the queue is full
    pull,       ///< receives from any push
    publish,    ///< sends to all subscribers; slow subscribers lose messages
    subscribe,  ///< receives the topics it subscribed to
    dealer,     ///< sends to and receives from one router
    router,     ///< receives from many dealers and addresses each by its peer name
};

struct SocketOptions {
    int send_queue = 1000;     ///< maximum of unsent messages per peer
    int receive_queue = 1000;  ///< maximum of unread messages per peer
    int linger_ms = 0;         ///< how long the destructor waits for unsent messages
    /// A peer that sends a larger frame is disconnected.
    std::size_t max_frame_bytes = wire::max_payload_bytes;
    /// Role that a key requires to connect here. Empty: the socket cannot listen with keys.
    std::string role{};
};

/// Message and, on a router, its sender. The peer name is valid as long as the connection lasts.
struct Received {
    std::string peer;
    Message message;
};

/// ZeroMQ socket. Not thread-safe: construct and use it in one thread.
class Socket {
  public:
    Socket(Context& context, SocketType type, const SocketOptions& options = {});
    ~Socket();
    Socket(Socket&&) noexcept;
    Socket& operator=(Socket&&) noexcept;

    /// Binds the socket and returns the actual endpoint: `*` in tcp://127.0.0.1:* is replaced by
    /// the port. `setting` is the configuration key of the endpoint, named in errors. Throws
    /// `FatalError` if the endpoint is malformed or in use, or if it is a TCP endpoint without
    /// the protection that Security requires.
    std::string bind(const std::string& endpoint, const std::string& setting);
    /// Connects, and reconnects whenever the peer becomes available again. Throws `FatalError` if
    /// the endpoint is malformed, or unprotected as above.
    void connect(const std::string& endpoint, const std::string& setting);
    /// Subscribes to topics that begin with `topic_prefix`. Requires: SocketType::subscribe.
    void subscribe(const std::string& topic_prefix);

    /// Sends without blocking. Returns false if the queue is full or, on a router, the peer is not
    /// connected.
    bool try_send(const Message& message, const std::string& peer = {});

    /// Returns the next message, or nothing if none is queued. Errors, which drop the message:
    /// malformed (not three frames), too_large, or refused (the key of the peer was removed from
    /// the AllowList after it connected). On a router, stores the peer in `sender` even on errors.
    Result<std::optional<Received>> try_receive(std::string* sender = nullptr);

    /// Returns the number of connections rejected so far by this listening socket: not ZeroMQ, no
    /// key, a wrong key, or a key that is not allowed. 0 if the socket has no role. Call it
    /// regularly, because monitor events are queued without a limit until then.
    std::uint64_t rejected_connections();

    /// Returns the ZeroMQ handle, for Poller.
    [[nodiscard]] void* handle() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Socket and the conditions to wait for.
struct Interest {
    const Socket* socket = nullptr;
    bool read = true;    ///< wait until a message can be received
    bool write = false;  ///< wait until a message can be sent
    bool ready = false;  ///< set by Poller::wait(): one of the conditions holds
};

/// Waits for sockets and for the stop request, and keeps the heartbeat beating meanwhile. Thread-safe,
/// but the sockets must belong to the calling thread.
class Poller {
  public:
    Poller(const Stop& stop, Heartbeat& heartbeat) : stop_(stop), heartbeat_(heartbeat) {}

    /// Blocks until a socket is ready, the stop is requested or the timeout expires (negative: no
    /// timeout). Returns false if the stop was requested.
    bool wait(std::span<Interest> interests, int timeout_ms) const;
    bool wait_readable(const Socket& socket, int timeout_ms) const;
    bool wait_writable(const Socket& socket, int timeout_ms) const;

  private:
    const Stop& stop_;
    Heartbeat& heartbeat_;
};

}  // namespace facebus::bus
