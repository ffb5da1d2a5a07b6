// Stop request that poll() can wait for.
#pragma once

namespace facebus {

/// Request to stop a program or a thread. Once made, it cannot be withdrawn. The file descriptor
/// becomes readable when the stop is requested, so poll() can wait for the request and for sockets
/// at the same time. Thread-safe; request() is also async-signal-safe.
class Stop {
  public:
    /// Throws `FatalError` (unavailable) if the file descriptor cannot be created.
    Stop();
    ~Stop();
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;

    void request() noexcept;
    [[nodiscard]] bool requested() const noexcept;
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// Blocks until the stop is requested or the time has passed. Returns whether the stop was
    /// requested. If a signal handler interrupts the wait, returns false immediately.
    bool wait_ms(int milliseconds) const noexcept;

  private:
    int descriptor_;
};

}  // namespace facebus
