#include "gateway/live/camera_board.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace facebus::gateway {
namespace {

// Names come from the edges: no more than a house has.
constexpr std::size_t most_cameras = 1000;
// Several times what lies between two messages about a camera.
constexpr double away_after = 10;
constexpr std::int64_t silent_after_ns = 5'000'000'000;

double seconds_between(Monotonic::time_point from, Monotonic::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

CameraState state_of(const std::optional<wire::Camera>& report, double heard_ago) {
    if (report && report->ended) return CameraState::ended;
    if (heard_ago > away_after) return CameraState::away;
    // Both are by the clock of the edge, which may be wrong.
    if (report && report->head.ts - report->last_frame > silent_after_ns) {
        return CameraState::silent;
    }
    return CameraState::live;
}

}  // namespace

std::string to_string(CameraState state) {
    switch (state) {
        case CameraState::live:
            return "live";
        case CameraState::silent:
            return "silent";
        case CameraState::ended:
            return "ended";
        case CameraState::away:
            return "away";
    }
    std::unreachable();
}

CameraBoard::Seen* CameraBoard::heard(const std::string& camera, Monotonic::time_point now) {
    const auto found = cameras_.find(camera);
    if (found == cameras_.end() && cameras_.size() >= most_cameras) return nullptr;
    auto& seen = cameras_[camera];
    seen.heard = std::max(seen.heard, now);
    return &seen;
}

void CameraBoard::see(const wire::Identity& identity, Monotonic::time_point published) {
    const std::lock_guard lock(mutex_);
    if (auto* seen = heard(identity.head.src, published)) ++seen->results;
}

void CameraBoard::see(const wire::Track& event, Monotonic::time_point now) {
    const std::lock_guard lock(mutex_);
    heard(event.head.src, now);
}

void CameraBoard::see(const wire::Camera& report, Monotonic::time_point now) {
    const std::lock_guard lock(mutex_);
    if (auto* seen = heard(report.head.src, now)) seen->report = report;
}

void CameraBoard::see(const wire::Status& status, Monotonic::time_point now) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    status_came_ = now;
}

std::vector<CameraEntry> CameraBoard::cameras(Monotonic::time_point now) const {
    const std::lock_guard lock(mutex_);
    std::vector<CameraEntry> all;
    all.reserve(cameras_.size());
    for (const auto& [name, seen] : cameras_) {
        const auto ago = seconds_between(seen.heard, now);
        all.push_back({name, state_of(seen.report, ago), ago, seen.report, seen.results});
    }
    return all;
}

std::optional<CameraBoard::Broker> CameraBoard::broker(Monotonic::time_point now) const {
    const std::lock_guard lock(mutex_);
    if (!status_) return std::nullopt;
    return Broker{*status_, seconds_between(status_came_, now)};
}

}  // namespace facebus::gateway
