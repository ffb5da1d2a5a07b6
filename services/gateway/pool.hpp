// Things that one thread at a time may use, for many threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace facebus::gateway {

/// Thread-safe. Outlives what it lends.
template <class T>
class Pool {
  public:
    /// Gives the thing back when it goes.
    class Lease {
      public:
        Lease() = default;
        Lease(Pool& pool, std::unique_ptr<T> thing) : pool_(&pool), thing_(std::move(thing)) {}
        ~Lease() {
            if (thing_) pool_->give_back(std::move(thing_));
        }
        Lease(Lease&&) noexcept = default;
        Lease& operator=(Lease&&) = delete;

        explicit operator bool() const { return thing_ != nullptr; }
        T* operator->() const { return thing_.get(); }
        T& operator*() const { return *thing_; }

      private:
        Pool* pool_ = nullptr;
        std::unique_ptr<T> thing_;
    };

    void add(std::unique_ptr<T> thing) { give_back(std::move(thing)); }

    /// One of them; an empty lease if none gets free in time.
    Lease take(std::chrono::duration<double> patience) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, patience, [this] { return !free_.empty(); })) return {};
        auto thing = std::move(free_.back());
        free_.pop_back();
        return Lease(*this, std::move(thing));
    }

  private:
    void give_back(std::unique_ptr<T> thing) {
        {
            const std::lock_guard lock(mutex_);
            free_.push_back(std::move(thing));
        }
        changed_.notify_one();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::unique_ptr<T>> free_;
};

}  // namespace facebus::gateway
