#include "results/catch_up.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace facebus::results {
namespace {

constexpr std::size_t page = 1000;             // results per request to Redis
constexpr std::size_t max_recorded = 100'000;  // maximum number of remembered results per run
constexpr std::size_t max_runs = 64;           // maximum number of remembered runs

}  // namespace

CatchUp::CatchUp(gallery::RedisOptions redis, std::chrono::seconds age)
    : history_(std::move(redis), 0), age_(age) {}

CatchUp::Run& CatchUp::run_state(const std::string& run) {
    // Forget the oldest run, which is the first one: the id of a run is its start time.
    if (runs_.size() >= max_runs && !runs_.contains(run)) runs_.erase(runs_.begin());
    return runs_[run];
}

bool CatchUp::record(const wire::Identity& identity) {
    if (!identity.run) return true;
    auto& recorded = run_state(*identity.run).recorded;
    // If the set is full and the result is older than all remembered ones, skip the result. It was
    // recorded and then forgotten, or it is too old to matter.
    if (recorded.size() >= max_recorded) {
        if (identity.result < *recorded.begin()) return false;
        recorded.erase(recorded.begin());
    }
    return recorded.insert(identity.result).second;
}

bool CatchUp::missed_results(const wire::Status& status) {
    if (!status.run) return false;
    auto& run = run_state(*status.run);
    // No result is missing if the recorded numbers are consecutive and include status.results, the
    // number of the newest result.
    const bool complete = !run.recorded.empty() && *run.recorded.rbegin() >= status.results &&
                          run.recorded.size() == *run.recorded.rbegin() - *run.recorded.begin() + 1;
    if (complete || status.results == 0) return false;
    if (run.missing_up_to != status.results) run = {std::move(run.recorded), status.results, 0};
    return std::has_single_bit(++run.times);
}

Result<std::vector<CatchUp::Missed>> CatchUp::read() {
    const auto now = history_.now_ms();
    if (!now) return std::unexpected(now.error());
    if (position_.empty()) {
        position_ = fmt::format("{}-0", std::max<std::int64_t>(*now - age_.count(), 0));
    }
    std::vector<Missed> missed;
    while (true) {
        auto entries = history_.after(position_, page);
        if (!entries) return std::unexpected(std::move(entries.error()));
        for (auto& entry : *entries) {
            position_ = std::move(entry.id);
            const auto age = std::max<std::int64_t>(*now - gallery::stream_id_ms(position_), 0);
            missed.push_back({{std::move(entry.topic), std::move(entry.header), Bytes()},
                              std::chrono::milliseconds(age)});
        }
        if (entries->size() < page) return missed;
    }
}

}  // namespace facebus::results
