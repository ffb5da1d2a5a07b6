#include "recognize/track_cache.hpp"

#include <algorithm>
#include <chrono>

namespace facebus::recognize {
namespace {

constexpr auto retry_delay = std::chrono::seconds(2);
constexpr std::size_t max_tracks = 1000;  // kept in the memory of this process

/// Returns the probes of a track from Redis (`all`), plus those in the memory of this process
/// (`own`) that are missing in Redis, for example because it was unavailable when they arrived.
std::vector<gallery::Probe> with_missing(std::vector<gallery::Probe> all,
                                         const std::vector<gallery::Probe>& own) {
    const auto before = all.size();
    for (const auto& probe : own) {
        if (all.size() >= gallery::max_track_probes) break;
        if (std::ranges::find(all, probe.id, &gallery::Probe::id) == all.end()) {
            all.push_back(probe);
        }
    }
    if (all.size() > before) std::ranges::sort(all, {}, &gallery::Probe::id);
    return all;
}

}  // namespace

TrackCache::TrackCache(service::Runtime& runtime, const gallery::RedisOptions& redis,
                       int ttl_seconds, const std::string& model_id)
    : runtime_(runtime), ttl_(ttl_seconds), shared_(redis, ttl_seconds, model_id) {}

std::vector<gallery::Probe> TrackCache::remember(const std::string& track,
                                                 const gallery::Probe& probe,
                                                 Monotonic::time_point now) {
    expire(now);
    const auto& own = keep(track, probe, now);
    if (now < next_try_) return own;
    auto all = shared_.append(track, probe);
    if (all) return with_missing(std::move(*all), own);
    runtime_.count_error(all.error());
    // Do without Redis for a while. If every probe waited for the timeout of Redis, the broker
    // could consider this worker lost.
    if (all.error().kind == ErrorKind::unavailable) next_try_ = Monotonic::now() + retry_delay;
    return own;
}

void TrackCache::expire(Monotonic::time_point now) {
    std::erase_if(own_, [&](const auto& entry) { return now - entry.second.last >= ttl_; });
}

const std::vector<gallery::Probe>& TrackCache::keep(const std::string& track,
                                                    const gallery::Probe& probe,
                                                    Monotonic::time_point now) {
    if (own_.size() >= max_tracks && !own_.contains(track)) {
        own_.erase(std::ranges::min_element(own_, {},
                                            [](const auto& entry) { return entry.second.last; }));
    }
    auto& [probes, last] = own_[track];
    last = now;
    const bool repeated = std::ranges::any_of(
        probes, [&](const gallery::Probe& other) { return other.id == probe.id; });
    if (!repeated && probes.size() < gallery::max_track_probes) probes.push_back(probe);
    return probes;
}

}  // namespace facebus::recognize
