#include "broker/last_decisions.hpp"

#include <utility>

namespace facebus::broker {

bool LastDecisions::update(const std::string& track, const wire::Identity& identity) {
    if (decided_.size() >= capacity_) decided_.erase(decided_.begin());
    const bool ignored = identity.ignored.value_or(false);
    Decided now{identity.decision, identity.subject_id, {}, ignored};
    if (identity.best && identity.runner_up) {
        now.candidates = {identity.best->subject_id, identity.runner_up->subject_id};
    }
    const auto [last, first] = decided_.try_emplace(track, now);
    if (first) return !ignored;
    return std::exchange(last->second, now) != now;
}

}  // namespace facebus::broker
