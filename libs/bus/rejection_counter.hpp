// Counter of connections whose handshake failed.
#pragma once

#include <cstdint>
#include <set>

namespace facebus::bus {

/// Counts connections that close before their handshake succeeds, from the monitor events of a
/// socket. "Accepted" and "disconnected" identify the connection, but "handshake succeeded" does
/// not. So while several handshakes run concurrently, an established connection can look pending,
/// and is counted as rejected if it disconnects before all of them have finished. Not thread-safe.
class RejectionCounter {
  public:
    /// Records a new connection, identified by its descriptor.
    void accepted(int connection) { pending_.insert(connection); }
    /// Records a successful handshake of an unidentified connection.
    void handshake_done() {
        ++done_;
        settle();
    }
    /// Records a disconnect; a pending connection counts as rejected.
    void disconnected(int connection) {
        if (pending_.erase(connection) > 0) ++rejected_;
        settle();
    }
    [[nodiscard]] std::uint64_t rejected() const { return rejected_; }

  private:
    /// With as many successful handshakes as pending connections, all of them are established.
    void settle() {
        if (pending_.size() > done_) return;
        pending_.clear();
        done_ = 0;
    }

    std::set<int> pending_;  ///< accepted, handshake possibly still running
    std::size_t done_ = 0;   ///< successful handshakes among the pending connections
    std::uint64_t rejected_ = 0;
};

}  // namespace facebus::bus
