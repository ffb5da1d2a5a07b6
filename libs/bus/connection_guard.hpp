// Private to libs/bus: limits the resources that the peers of a listening socket can use.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <zmq.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "bus/allow_list.hpp"
#include "bus/rejection_counter.hpp"

namespace facebus::bus {

/// Guard of a listening socket. Closes connections that exceed its limits, and counts those whose
/// handshake failed.
///
/// ZeroMQ keeps the parts of a message in memory until the last part arrives, and limits only the
/// size of a part. The guard therefore watches the connections from outside, in its own thread:
/// events of ZeroMQ report their descriptors, and the operating system counts their bytes. Unread
/// bytes are those that ZeroMQ has read from a connection, but that the owner of the socket has not
/// yet reported with on_message(). The guard checks the limits every `interval`; with thousands of
/// connections, less often. Thread-safe, except for the constructor and destructor.
class ConnectionGuard {
  public:
    struct Limits {
        std::size_t connections = 0;         ///< maximum number of connections
        std::uint64_t unread_bytes = 0;      ///< per connection
        std::uint64_t all_unread_bytes = 0;  ///< of all connections together
        /// Description of unread bytes in error messages; follows "it sent 100 bytes".
        std::string of = "that are not a complete message";
    };
    /// Called from the thread of the guard with the reason why connections were closed.
    using OnError = std::function<void(const Error&)>;

    static constexpr auto interval = std::chrono::milliseconds(10);

    /// Watches the connections to `socket`, which must not listen yet. `name` is the name of the
    /// endpoint in error messages. `encrypted`: connections use CURVE. Must be called in the thread
    /// that uses `socket`.
    ConnectionGuard(zmq::context_t& context, zmq::socket_t& socket, std::string name,
                    bool encrypted, const Limits& limits, OnError on_error);
    /// Stops watching. Must be called in the thread that uses the socket, before it is closed.
    ~ConnectionGuard();
    ConnectionGuard(const ConnectionGuard&) = delete;
    ConnectionGuard& operator=(const ConnectionGuard&) = delete;

    /// Records that a complete message of `bytes` bytes was received on the connection with this
    /// descriptor. `key` is the key of the sender, or null.
    void on_message(int descriptor, std::uint64_t bytes,
                    const std::shared_ptr<const AllowedKey>& key);
    /// Records that a peer has authenticated during its handshake. `address` is its IP address.
    void on_authenticated(const std::string& address, const std::shared_ptr<const AllowedKey>& key);
    /// Closes the connection with this descriptor. Does nothing if it is closed already.
    void close(int descriptor);

    /// Returns how many connections ended before their handshake succeeded; see RejectionCounter.
    [[nodiscard]] std::uint64_t rejected() const { return rejected_; }

  private:
    struct Connection {
        std::uint64_t number = 0;  ///< connections are numbered in the order in which they arrive
        std::uint64_t cookie = 0;  ///< identifies the connection if its descriptor is reused
        std::string address;       ///< IP address of the peer
        std::string port;
        std::shared_ptr<const AllowedKey> key;  ///< key of the peer, if known
        bool established = false;               ///< the handshake has succeeded
        bool closing = false;                   ///< the guard has closed the connection
        bool delivered = false;       ///< a message was received since the last measurement
        std::uint64_t received = 0;   ///< bytes that ZeroMQ has read
        std::uint64_t accounted = 0;  ///< bytes reported, or forgiven (see forgiven_bytes)

        [[nodiscard]] std::uint64_t unread() const {
            return received > accounted ? received - accounted : 0;
        }
        [[nodiscard]] std::string peer() const;
    };

    /// A peer that has authenticated, but whose connection is unknown.
    struct Authenticated {
        std::string address;
        std::shared_ptr<const AllowedKey> key;
        Monotonic::time_point time;
    };

    void run();
    void read_events();
    void add(int descriptor);
    void check();
    void measure(int descriptor, Connection& connection) const;
    void identify();
    void close_unread(std::vector<Error>& errors);
    void close_surplus(std::vector<Error>& errors);
    static void shut_down(int descriptor, Connection& connection);

    const std::string name_;
    const std::uint64_t handshake_bytes_;
    const Limits limits_;
    const OnError on_error_;
    zmq::socket_t& socket_;
    zmq::socket_t monitor_;
    zmq::socket_t stop_sender_;
    zmq::socket_t stop_receiver_;
    RejectionCounter rejections_;
    std::atomic<std::uint64_t> rejected_ = 0;
    std::mutex mutex_;
    std::map<int, Connection> connections_;  ///< by descriptor
    std::vector<Authenticated> authenticated_;
    std::uint64_t accepted_ = 0;  ///< number of connections so far
    std::thread thread_;
};

}  // namespace facebus::bus
