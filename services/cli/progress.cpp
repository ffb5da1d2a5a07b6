#include "cli/progress.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/text/unicode.hpp"

namespace facebus::cli {
namespace {

constexpr std::size_t bar_width = 30;
// Minimum time between two redraws of the bar on a terminal, and between two lines elsewhere.
constexpr auto redraw_terminal = std::chrono::milliseconds(100);
constexpr auto redraw_log = std::chrono::seconds(10);

}  // namespace

Progress::Progress(const std::string& what, std::size_t total)
    : what_(printable(what)), total_(total), terminal_(isatty(STDERR_FILENO) != 0) {
    if (terminal_) {
        draw();
    } else {
        next_ += redraw_log;
    }
}

Progress::~Progress() {
    if (!terminal_) return;
    draw();
    fmt::print(stderr, "\n");
}

void Progress::advance(std::size_t steps) {
    done_ += steps;
    const auto now = Monotonic::now();
    if (now < next_) return;
    next_ = now + (terminal_ ? Monotonic::duration(redraw_terminal) : redraw_log);
    draw();
}

void Progress::note(const std::string& line) {
    fmt::print(stderr, "{}{}\n", terminal_ ? "\r\x1b[K" : "", printable(line));
    if (terminal_) draw();
}

std::function<void()> steps(Progress& progress, const Stop& stop) {
    return [&progress, &stop] {
        if (stop.requested()) throw FatalError(Exit::interrupted, "interrupted");
        progress.advance();
    };
}

void Progress::draw() {
    const double seconds = std::chrono::duration<double>(Monotonic::now() - start_).count();
    if (!terminal_) {
        fmt::print(stderr, "{}: {}{} after {:.0f} s\n", what_, done_,
                   total_ > 0 ? fmt::format(" of {}", total_) : "", seconds);
        return;
    }
    if (total_ == 0) {
        fmt::print(stderr, "\r\x1b[K{}: {}", what_, done_);
        return;
    }
    const auto filled = bar_width * std::min(done_, total_) / total_;
    const double left = done_ > 0
                            ? seconds * static_cast<double>(total_ - std::min(done_, total_)) /
                                  static_cast<double>(done_)
                            : 0;
    fmt::print(stderr, "\r\x1b[K{} [{:#<{}}{:.<{}}] {}/{}, {:.0f} s left", what_, "", filled, "",
               bar_width - filled, done_, total_, left);
}

}  // namespace facebus::cli
