#include "results/catch_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/clock.hpp"

namespace facebus::results {
namespace {

constexpr std::size_t page = 1000;             // results per request to Redis
constexpr std::size_t max_recorded = 100'000;  // maximum number of remembered results per run
constexpr std::size_t max_runs = 64;           // maximum number of remembered runs

/// Returns the stream id that Redis would have given to an entry added `age` ago.
std::string stream_id_before(std::chrono::seconds age) {
    const auto age_ms = std::chrono::milliseconds(age).count();
    return fmt::format("{}-0", std::max<std::int64_t>(utc_ns() / 1'000'000 - age_ms, 0));
}

}  // namespace

CatchUp::CatchUp(gallery::RedisOptions redis, std::chrono::seconds age)
    : history_(std::move(redis), 0), position_(stream_id_before(age)) {}

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
    return ++run.times <= 2;
}

Result<std::vector<bus::Message>> CatchUp::read() {
    std::vector<bus::Message> messages;
    while (true) {
        auto entries = history_.after(position_, page);
        if (!entries) return std::unexpected(std::move(entries.error()));
        for (auto& entry : *entries) {
            position_ = std::move(entry.id);
            messages.push_back({std::move(entry.topic), std::move(entry.header), Bytes()});
        }
        if (entries->size() < page) return messages;
    }
}

}  // namespace facebus::results
