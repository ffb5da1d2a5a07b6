// How far long work is.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/clock.hpp"
#include "base/stop.hpp"

namespace facebus::cli {

/// A bar on a terminal; elsewhere a line now and then. On standard error. Not thread-safe.
class Progress {
  public:
    /// `total` 0: unknown.
    Progress(std::string what, std::size_t total);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void advance(std::size_t steps = 1);
    /// Prints a line of its own without tearing the bar.
    void note(const std::string& line);

  private:
    void draw();

    std::string what_;
    std::size_t total_;
    std::size_t done_ = 0;
    bool terminal_;
    Monotonic::time_point start_ = Monotonic::now();
    Monotonic::time_point next_ = start_;
};

/// For work that calls it after each step: advances the progress, and ends the command by a
/// StartupError (interrupted) where a stop is asked for.
std::function<void()> steps(Progress& progress, const Stop& stop);

}  // namespace facebus::cli
