// ZeroMQ sockets that carry [topic][header][payload].
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/pulse.hpp"
#include "base/stop.hpp"
#include "bus/security.hpp"
#include "wire/codec.hpp"

namespace facebus::bus {

/// What travels: three frames, of which the last may be empty.
struct Message {
    std::string topic;
    std::string header;  ///< MessagePack, see wire/codec.hpp
    Bytes payload;
};

/// ZeroMQ's I/O thread and its sockets; one a process. Must outlive its sockets.
class Context {
  public:
    /// Throws StartupError (config) if security.allowed is set and can't be read.
    explicit Context(Security security = {});
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

  private:
    friend class Socket;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// How a socket behaves; after ZeroMQ's patterns.
enum class Pattern {
    push,       ///< sends to one connected pull; full: refuses
    pull,       ///< receives from any push
    publish,    ///< sends to all subscribers; a subscriber that is too slow loses messages
    subscribe,  ///< receives the topics it asked for
    dealer,     ///< sends to and receives from one router
    router,     ///< receives from many dealers and answers each by its peer name
};

struct SocketOptions {
    int send_queue = 1000;     ///< messages that wait to be sent, for each peer
    int receive_queue = 1000;  ///< messages that wait to be read, for each peer
    int linger_ms = 0;         ///< how long closing waits for unsent messages
    /// Largest frame that is read; a peer that sends a larger one is disconnected.
    std::size_t largest_frame = wire::max_payload_bytes;
    /// The role that a key needs to connect here. Without one the socket can't listen with keys.
    std::string role{};
};

/// A message and, on a router, who sent it: a name that lasts as long as the connection.
struct Received {
    std::string peer;
    Message message;
};

/// One socket. Not thread-safe: made and used in one thread.
class Socket {
  public:
    Socket(Context& context, Pattern pattern, const SocketOptions& options = {});
    ~Socket();
    Socket(Socket&&) noexcept;
    Socket& operator=(Socket&&) noexcept;

    /// Binds and gives the endpoint as bound (tcp://127.0.0.1:* gets its port). Throws StartupError
    /// that names `setting`, the configuration key to change, also for a TCP endpoint that would be
    /// unprotected where Security does not allow it.
    std::string bind(const std::string& endpoint, const std::string& setting);
    /// Connects now or as soon as the other side is there. Throws StartupError for a malformed
    /// endpoint, or an unprotected one as above.
    void connect(const std::string& endpoint, const std::string& setting);
    void subscribe(const std::string& topic_prefix);

    /// Sends if there is room; false if the queue is full or (router) the peer is gone.
    bool try_send(const Message& message, const std::string& peer = {});

    /// The next message if there is one. Error, and it is dropped: malformed (not three frames),
    /// too_large, or refused (the peer's key was taken off the list after it connected). `sender`
    /// gets a router's peer in either case.
    Result<std::optional<Received>> try_receive(std::string* sender = nullptr);

    /// Connections to this listening socket that did not come about so far: no ZeroMQ, no or the
    /// wrong key, a key that is not allowed. Counted where the socket has a role; to be asked
    /// often, since what was not counted yet is kept.
    std::uint64_t refused_connections();

    /// ZeroMQ's handle, for Poller.
    [[nodiscard]] void* handle() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// What a wait is for.
struct Interest {
    const Socket* socket = nullptr;
    bool read = true;    ///< a message can be read
    bool write = false;  ///< a message can be sent
    bool ready = false;  ///< set by Poller::wait: one of the two holds
};

/// Waits for sockets and for the stop, and keeps the pulse beating meanwhile.
class Poller {
  public:
    Poller(const Stop& stop, Pulse& pulse) : stop_(stop), pulse_(pulse) {}

    /// Waits until a socket is ready, the stop is requested or the time is over (negative: no
    /// limit). False if the stop was requested.
    bool wait(std::span<Interest> interests, int timeout_ms) const;
    bool wait_readable(const Socket& socket, int timeout_ms) const;
    bool wait_writable(const Socket& socket, int timeout_ms) const;

  private:
    const Stop& stop_;
    Pulse& pulse_;
};

}  // namespace facebus::bus
