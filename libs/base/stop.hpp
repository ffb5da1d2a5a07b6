// Stop request that poll() can wait for.
#pragma once

namespace facebus {

/// Request to stop; once set, it stays set. The descriptor becomes readable when the stop is
/// requested, so a poll() that includes it returns without needing a timeout. Thread-safe;
/// request() is also async-signal-safe.
class Stop {
  public:
    /// Throws `FatalError` (unavailable) if the system has no descriptor left.
    Stop();
    ~Stop();
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;

    void request() noexcept;
    [[nodiscard]] bool requested() const noexcept;
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// Blocks until the stop is requested or the time has passed. Returns true if it was requested.
    bool wait_ms(int milliseconds) const noexcept;

  private:
    int descriptor_;
};

}  // namespace facebus
