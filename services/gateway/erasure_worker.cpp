#include "gateway/erasure_worker.hpp"

#include <chrono>

namespace facebus::gateway {
namespace {

constexpr auto max_wait = std::chrono::seconds(2);
constexpr auto check_interval = std::chrono::minutes(1);
constexpr const char* still_running = "the erasure is still running";

}  // namespace

ErasureWorker::ErasureWorker(service::Runtime& runtime, const gallery::RedisOptions& redis)
    : runtime_(runtime), eraser_(redis), thread_([this] { work(); }) {}

ErasureWorker::~ErasureWorker() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

std::optional<std::string> ErasureWorker::erase() {
    std::unique_lock lock(mutex_);
    const auto request = ++requested_;
    changed_.notify_all();
    if (!changed_.wait_for(lock, max_wait, [&] { return stop_ || completed_ >= request; })) {
        return still_running;
    }
    return pending_;
}

std::optional<std::string> ErasureWorker::run_steps() {
    bool found = false;
    auto phase = gallery::ErasurePhase::none;
    while (true) {
        {
            std::unique_lock lock(mutex_);
            if (phase == gallery::ErasurePhase::files) {
                changed_.wait_for(lock, std::chrono::milliseconds(gallery::erasure_poll_ms),
                                  [this] { return stop_; });
            }
            if (stop_) return still_running;
        }
        const auto next = eraser_.step();
        if (!next) {
            runtime_.count_error(next.error());
            return next.error().message;
        }
        if (*next == gallery::ErasurePhase::none) break;
        found = true;
        phase = *next;
    }
    if (found) runtime_.log.info("erased", {});
    return std::nullopt;
}

void ErasureWorker::work() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
        const auto requested = requested_;
        lock.unlock();
        const auto pending = run_steps();
        runtime_.health.set_check("erasure", true,
                                  pending ? "pending: " + *pending : "none pending");
        lock.lock();
        pending_ = pending;
        completed_ = requested;
        changed_.notify_all();
        changed_.wait_for(lock, check_interval,
                          [this] { return stop_ || requested_ > completed_; });
    }
}

}  // namespace facebus::gateway
