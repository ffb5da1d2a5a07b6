#include "base/output/line_writer.hpp"

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace facebus {
namespace {

/// Writes the text and returns whether it was written completely. Blocks while nobody reads.
bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(descriptor, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {  // a process that shares the descriptor made it non-blocking
            pollfd item{.fd = descriptor, .events = POLLOUT, .revents = 0};
            poll(&item, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

}  // namespace

/// State that the LineWriter shares with its thread. A thread that is blocked in write() outlives
/// the LineWriter.
struct LineWriter::State {
    State(int original, LossReport report)
        : descriptor(fcntl(original, F_DUPFD_CLOEXEC, 0)), loss_report(std::move(report)) {}
    ~State() {
        if (descriptor >= 0) close(descriptor);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void lose(std::uint64_t count) {
        unreported += count;
        total_lost += count;
        if (counter) counter->add(static_cast<double>(count));
    }

    const int descriptor;  ///< -1 if it cannot be duplicated, for example because it is closed
    const LossReport loss_report;
    std::mutex mutex;
    std::condition_variable queued;   ///< there is work for the thread
    std::condition_variable handled;  ///< the thread has written or lost a line, or has ended
    std::deque<std::string> lines;
    std::size_t bytes = 0;           ///< size of the waiting lines and the one being written
    std::uint64_t lines_queued = 0;  ///< lines queued so far
    std::uint64_t lines_handled = 0;
    std::uint64_t unreported = 0;  ///< lost lines that were not reported yet
    std::uint64_t total_lost = 0;
    bool full = false;    ///< lines are lost until the thread has caught up
    bool behind = false;  ///< until the thread has caught up, write() returns immediately
    bool closing = false;
    bool ended = false;
    std::optional<Counter> counter;
};

LineWriter::LineWriter(int descriptor, LossReport loss_report)
    : state_(std::make_shared<State>(descriptor, std::move(loss_report))),
      thread_([state = state_] { run(*state); }) {}

LineWriter::~LineWriter() {
    std::unique_lock lock(state_->mutex);
    state_->closing = true;
    state_->counter.reset();
    state_->queued.notify_one();
    const bool ended =
        state_->handled.wait_for(lock, close_timeout, [this] { return state_->ended; });
    lock.unlock();
    if (ended) {
        thread_.join();
    } else {
        thread_.detach();  // it is blocked in write() and ends with the process
    }
}

void LineWriter::write(std::string line) {
    auto& state = *state_;
    std::unique_lock lock(state.mutex);
    if (state.full || state.bytes + line.size() > capacity) {
        state.full = true;
        state.lose(1);
        // If this line alone exceeds the capacity, the thread may be idle. Wake it to report the
        // loss.
        state.queued.notify_one();
        return;
    }
    state.bytes += line.size();
    state.lines.push_back(std::move(line));
    const auto number = ++state.lines_queued;
    state.queued.notify_one();
    if (state.behind) return;
    const bool handled =
        state.handled.wait_for(lock, write_timeout, [&] { return state.lines_handled >= number; });
    if (!handled) state.behind = true;
}

void LineWriter::count_losses(Counter lost) {
    const std::lock_guard lock(state_->mutex);
    lost.add(static_cast<double>(state_->total_lost));
    state_->counter = lost;
}

void LineWriter::run(State& state) {
    // Leave signals to the other threads. A blocked SIGPIPE makes write() return an error.
    sigset_t signals;
    sigfillset(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::unique_lock lock(state.mutex);
    while (true) {
        state.queued.wait(lock,
                          [&] { return !state.lines.empty() || state.full || state.closing; });
        // If the queue is empty, all lines before the first lost one have been handled.
        if (state.lines.empty()) state.full = state.behind = false;
        std::uint64_t reported = 0;
        if (!state.full) reported = std::exchange(state.unreported, 0);
        const std::size_t count = state.lines.empty() ? 0 : 1;
        if (reported == 0 && count == 0) break;
        std::string line;
        if (count > 0) {
            line = std::move(state.lines.front());
            state.lines.pop_front();
        }
        lock.unlock();
        const auto report = reported > 0 ? state.loss_report(reported) : std::string();
        const bool written = write_all(state.descriptor, report + line);
        lock.lock();
        if (!written) {
            state.lose(count);
            state.unreported += reported;
        }
        state.bytes -= line.size();
        state.lines_handled += count;
        if (state.lines.empty()) state.behind = false;
        state.handled.notify_all();
        if (state.closing && state.lines.empty() && !written) break;
    }
    state.ended = true;
    state.handled.notify_all();
}

}  // namespace facebus
