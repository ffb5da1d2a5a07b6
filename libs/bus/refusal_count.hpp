// Counting the connections that never came about.
#pragma once

#include <cstdint>
#include <set>

namespace facebus::bus {

/// Counts connections that end before their handshake is done, from what ZeroMQ tells of a socket:
/// it names a connection when it comes and when it goes, but not when its handshake is done. So
/// with several of them in their handshake at once it may be a moment before the count is right.
/// Not thread-safe.
class RefusalCount {
  public:
    void accepted(int connection) { pending_.insert(connection); }
    void handshake_done() {
        ++done_;
        settle();
    }
    void gone(int connection) {
        if (pending_.erase(connection) > 0) ++refused_;
        settle();
    }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

  private:
    /// As many handshakes as connections: all of these are through.
    void settle() {
        if (pending_.size() > done_) return;
        pending_.clear();
        done_ = 0;
    }

    std::set<int> pending_;  ///< accepted, and perhaps still in their handshake
    std::size_t done_ = 0;   ///< how many of these are through
    std::uint64_t refused_ = 0;
};

}  // namespace facebus::bus
