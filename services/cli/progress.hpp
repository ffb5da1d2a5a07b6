// Shows the progress of long operations.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/clock.hpp"
#include "base/stop.hpp"

namespace facebus::cli {

/// Progress of an operation, printed to standard error. On a terminal, it is a bar, or a number if
/// the total is unknown. Elsewhere, it is at most one line every ten seconds. Not thread-safe.
class Progress {
  public:
    /// `what`: name of the operation; `total`: number of its steps, or 0 if unknown.
    Progress(const std::string& what, std::size_t total);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Adds to the number of completed steps.
    void advance(std::size_t steps = 1);
    /// Prints a line. On a terminal, the line appears above the bar.
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

/// Returns a function to call after each step. The function advances the progress. If a stop is
/// requested, it throws FatalError (interrupted) instead. Requires: `progress` and `stop` outlive
/// the function.
std::function<void()> steps(Progress& progress, const Stop& stop);

}  // namespace facebus::cli
