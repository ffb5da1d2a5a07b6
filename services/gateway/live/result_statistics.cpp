#include "gateway/live/result_statistics.hpp"

namespace facebus::gateway {
namespace {

constexpr std::int64_t span_ns = ResultStatistics::span_seconds * 1'000'000'000;

/// Returns the index of the oldest span within the last hour.
std::int64_t first_span(std::int64_t now_ns) {
    return now_ns / span_ns - static_cast<std::int64_t>(ResultStatistics::spans) + 1;
}

}  // namespace

void ResultStatistics::add(const wire::Identity& identity, std::int64_t now_ns) {
    const auto published = identity.head.t["publish"].value_or(now_ns);
    const auto span = published / span_ns;
    const std::lock_guard lock(mutex_);
    spans_.erase(spans_.begin(), spans_.lower_bound(first_span(now_ns)));
    if (span < first_span(now_ns) || published > now_ns + span_ns) return;
    auto& counts = spans_[span];
    ++counts.decisions[identity.decision];
    if (counts.latency.count() < max_measured) counts.latency.add(identity);
}

std::vector<ResultStatistics::Span> ResultStatistics::last_hour(std::int64_t now_ns) const {
    const std::lock_guard lock(mutex_);
    std::vector<Span> all;
    all.reserve(spans_.size());
    for (auto span = spans_.lower_bound(first_span(now_ns)); span != spans_.end(); ++span) {
        all.push_back(
            {span->first * span_ns, span->second.decisions, span->second.latency.quantiles()});
    }
    return all;
}

}  // namespace facebus::gateway
