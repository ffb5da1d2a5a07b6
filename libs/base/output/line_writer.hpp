// Writes lines to a file descriptor. A slow reader delays the caller only briefly.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/metrics.hpp"

namespace facebus {

/// Bounded queue of lines, and a thread that writes them to a file descriptor in the order of the
/// calls. If the reader is too slow (for example, a pipe stays full) or writing fails, lines are
/// lost and counted. Does not make the descriptor non-blocking, because that would affect all
/// processes that share it. A process that forks must call execve() in the child. Thread-safe.
class LineWriter {
  public:
    /// Maximum number of waiting bytes. Once a line would exceed it, lines are lost until all
    /// waiting lines have been written.
    static constexpr std::size_t capacity = std::size_t{256} * 1024;
    /// Maximum time that write() waits for its line to be written.
    static constexpr std::chrono::milliseconds write_timeout{100};
    /// Maximum time that the destructor waits for the remaining lines to be written.
    static constexpr std::chrono::milliseconds close_timeout{1000};

    /// Returns the line that reports how many lines were lost.
    using LossReport = std::function<std::string(std::uint64_t lines)>;

    /// Writes to a duplicate of `descriptor`. `loss_report` is called in the thread that writes.
    LineWriter(int descriptor, LossReport loss_report);
    /// Blocks until all lines are written, but at most for `close_timeout`.
    ~LineWriter();
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    /// Queues a line, which must include its newline. Normally returns after the line was written,
    /// so that a crash loses no line. If the line is not written within `write_timeout`, the call
    /// returns. Later calls then return immediately, until the thread has written all waiting
    /// lines.
    void write(std::string line);

    /// Counts lost lines in `lost`, including those lost before this call. Requires: the Metrics
    /// object exists longer than this object.
    void count_losses(Counter lost);

  private:
    struct State;
    static void run(State& state);

    std::shared_ptr<State> state_;
    std::thread thread_;
};

}  // namespace facebus
