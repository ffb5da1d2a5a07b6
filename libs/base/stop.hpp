// The request to stop, as something a poll can wait for.
#pragma once

namespace facebus {

/// Set once, never unset. Its descriptor becomes readable when the stop is requested, so every wait
/// of a program can include it and no wait needs a time-out to notice it. Thread-safe; request()
/// may be called from a signal handler.
class Stop {
  public:
    Stop();
    ~Stop();
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;

    void request() noexcept;
    [[nodiscard]] bool requested() const noexcept;
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// Waits until the stop is requested or the time is over; true if it was requested.
    bool wait_ms(int milliseconds) const noexcept;

  private:
    int descriptor_;
};

}  // namespace facebus
