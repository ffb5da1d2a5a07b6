// Pool through which several threads share objects that are not thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace facebus::gateway {

/// Owns items and lends each to one thread at a time. Must outlive its leases. Thread-safe.
template <class T>
class Pool {
  public:
    /// Exclusive access to one item. Its destructor returns the item to the pool. An empty lease
    /// has no item.
    class Lease {
      public:
        Lease() = default;
        Lease(Pool& pool, std::unique_ptr<T> item) : pool_(&pool), item_(std::move(item)) {}
        ~Lease() { end(); }
        Lease(Lease&&) noexcept = default;
        Lease& operator=(Lease&&) = delete;

        explicit operator bool() const { return item_ != nullptr; }
        T* operator->() const { return item_.get(); }
        T& operator*() const { return *item_; }

        /// Returns the item to the pool. The lease is then empty.
        void end() {
            if (item_) pool_->release(std::move(item_));
        }

      private:
        Pool* pool_ = nullptr;
        std::unique_ptr<T> item_;
    };

    void add(std::unique_ptr<T> item) { release(std::move(item)); }

    /// Blocks until an item is free and returns a lease of it. Returns an empty lease if none
    /// becomes free within `timeout`.
    Lease acquire(std::chrono::duration<double> timeout) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, timeout, [this] { return !free_.empty(); })) return {};
        auto item = std::move(free_.back());
        free_.pop_back();
        return Lease(*this, std::move(item));
    }

  private:
    void release(std::unique_ptr<T> item) {
        {
            const std::lock_guard lock(mutex_);
            free_.push_back(std::move(item));
        }
        changed_.notify_one();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::unique_ptr<T>> free_;
};

}  // namespace facebus::gateway
