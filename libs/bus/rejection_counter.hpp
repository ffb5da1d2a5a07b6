// Counter of connections whose handshake failed.
#pragma once

#include <cstdint>
#include <set>

namespace facebus::bus {

/// Counter of connections that close before their handshake succeeds, based on the monitor events
/// of a socket. The events `accepted` and `disconnected` identify the connection, but `handshake
/// succeeded` does not. If several handshakes run at the same time, it is therefore unknown which
/// of them have succeeded. In that case, a connection that disconnects after its own handshake, but
/// while others are still running, is counted as rejected. One of those others may then be rejected
/// without being counted. Not thread-safe.
class RejectionCounter {
  public:
    /// Records a new connection, identified by its descriptor.
    void on_accepted(int connection) { pending_.insert(connection); }
    /// Records that the handshake of some connection succeeded.
    void on_handshake_succeeded() {
        ++done_;
        settle();
    }
    /// Records a disconnect. Counts the connection as rejected if it was pending.
    void on_disconnected(int connection) {
        if (pending_.erase(connection) > 0) ++rejected_;
        settle();
    }
    /// Returns the number of rejected connections.
    [[nodiscard]] std::uint64_t rejected() const { return rejected_; }

  private:
    /// Treats all pending connections as established once as many handshakes have succeeded as
    /// connections are pending.
    void settle() {
        if (pending_.size() > done_) return;
        pending_.clear();
        done_ = 0;
    }

    std::set<int> pending_;  ///< accepted; the handshake may not have finished
    std::size_t done_ = 0;   ///< number of successful handshakes among the pending connections
    std::uint64_t rejected_ = 0;
};

}  // namespace facebus::bus
