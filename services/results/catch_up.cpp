#include "results/catch_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/clock.hpp"

namespace facebus::results {
namespace {

constexpr std::size_t page = 1000;
constexpr std::size_t max_taken = 100'000;  // remembered results per run
constexpr std::size_t max_runs = 64;

/// Returns the id of a Redis stream entry of that age.
std::string place_before(std::chrono::seconds age) {
    const auto age_ms = std::chrono::milliseconds(age).count();
    return fmt::format("{}-0", std::max<std::int64_t>(utc_ns() / 1'000'000 - age_ms, 0));
}

}  // namespace

CatchUp::CatchUp(gallery::RedisOptions redis, std::chrono::seconds age)
    : history_(std::move(redis), 0), place_(place_before(age)) {}

CatchUp::Run& CatchUp::of(const std::string& run) {
    if (runs_.size() >= max_runs && !runs_.contains(run)) runs_.erase(runs_.begin());
    return runs_[run];
}

bool CatchUp::take(const wire::Identity& identity) {
    if (!identity.run) return true;
    auto& taken = of(*identity.run).taken;
    // A result older than all remembered ones was taken and forgotten, or is too old to matter.
    if (taken.size() >= max_taken) {
        if (identity.result < *taken.begin()) return false;
        taken.erase(taken.begin());
    }
    return taken.insert(identity.result).second;
}

bool CatchUp::behind(const wire::Status& status) {
    if (!status.run) return false;
    auto& run = of(*status.run);
    // Complete: the numbers have no gap and reach the newest result.
    const bool all = !run.taken.empty() && *run.taken.rbegin() >= status.results &&
                     run.taken.size() == *run.taken.rbegin() - *run.taken.begin() + 1;
    if (all || status.results == 0) return false;
    if (run.missing_up_to != status.results) run = {std::move(run.taken), status.results, 0};
    return ++run.times <= 2;
}

Result<std::vector<bus::Message>> CatchUp::read() {
    std::vector<bus::Message> messages;
    while (true) {
        auto entries = history_.after(place_, page);
        if (!entries) return std::unexpected(std::move(entries.error()));
        for (auto& entry : *entries) {
            place_ = std::move(entry.id);
            messages.push_back({std::move(entry.topic), std::move(entry.header), Bytes()});
        }
        if (entries->size() < page) return messages;
    }
}

}  // namespace facebus::results
