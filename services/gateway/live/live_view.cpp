#include "gateway/live/live_view.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace facebus::gateway {

LiveView::LiveView(std::size_t max_results, std::chrono::seconds age)
    : max_results_(max_results), age_(age), run_(fmt::format("{:x}", utc_ns())) {}

void LiveView::add(wire::Identity identity, std::string jpeg, Monotonic::time_point now) {
    std::function<void()> listener;
    {
        const std::lock_guard lock(mutex_);
        if (identity.ignored.value_or(false)) {
            std::erase_if(results_, [&](const Result& result) {
                return result->identity.track == identity.track;
            });
        }
        results_.push_back(std::make_shared<const LiveResult>(
            LiveResult{++last_, now, std::move(identity), std::move(jpeg)}));
        if (results_.size() > max_results_) results_.pop_front();
        listener = listener_;
    }
    if (listener) listener();
}

std::vector<LiveView::Result> LiveView::after(std::uint64_t number) const {
    const std::lock_guard lock(mutex_);
    const auto first = std::ranges::upper_bound(
        results_, number, {}, [](const Result& result) { return result->number; });
    return {first, results_.end()};
}

void LiveView::set_listener(std::function<void()> listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
}

void LiveView::forget_unless(const std::function<bool(const wire::Identity&)>& wanted,
                             Monotonic::time_point now) {
    const std::lock_guard lock(mutex_);
    const auto oldest = now - age_;
    std::erase_if(results_, [&](const Result& result) {
        return result->received < oldest || !wanted(result->identity);
    });
}

}  // namespace facebus::gateway
