// Erases the traces of removed people in the background.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "gallery/redis/redis.hpp"
#include "gallery/store/erasure.hpp"
#include "service/runtime.hpp"

namespace facebus::gateway {

/// Runs the pending erasures in its own thread: after erase(), at the start, and once per minute,
/// because another program may have been killed during an erasure. After an error, tries again
/// after a minute or at the next erase(). Thread-safe.
class ErasureWorker {
  public:
    /// Starts the thread.
    ErasureWorker(service::Runtime& runtime, const gallery::RedisOptions& redis);
    /// Ends the thread after its current step. The erasure can be continued later.
    ~ErasureWorker();
    ErasureWorker(const ErasureWorker&) = delete;
    ErasureWorker& operator=(const ErasureWorker&) = delete;

    /// Starts the recorded erasures. Waits until they are complete, but at most for two seconds.
    /// Returns why they are not complete, or nothing if they are.
    std::optional<std::string> erase();

  private:
    /// Runs all steps. Returns why the erasure is not complete, or nothing if it is.
    std::optional<std::string> run_steps();
    void work();

    service::Runtime& runtime_;
    gallery::Eraser eraser_;
    std::mutex mutex_;  ///< guards the next members
    std::condition_variable changed_;
    bool stop_ = false;                   ///< the thread must end
    std::uint64_t requested_ = 0;         ///< number of calls of erase()
    std::uint64_t completed_ = 0;         ///< number of those calls that the thread has processed
    std::optional<std::string> pending_;  ///< why the erasures are not complete
    std::jthread thread_;
};

}  // namespace facebus::gateway
