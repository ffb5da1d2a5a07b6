#include "gateway/live/camera_board.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace facebus::gateway {
namespace {

// Camera names come from the network, so their number must be limited.
constexpr std::size_t max_cameras = 1000;
// Seconds without a message after which a camera is offline. The edge reports every camera several
// times in this period.
constexpr double offline_after = 10;
// Age of the latest frame, at the time of the camera's report, above which the state is
// `no_frames`.
constexpr std::int64_t no_frames_after_ns = 5'000'000'000;

double seconds_between(Monotonic::time_point from, Monotonic::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

CameraState state_of(const std::optional<wire::Camera>& report, double last_message_ago) {
    if (report && report->ended) return CameraState::ended;
    if (last_message_ago > offline_after) return CameraState::offline;
    // Compare two times of the edge's clock, because it can differ from the gateway's clock.
    if (report && report->head.ts - report->last_frame > no_frames_after_ns) {
        return CameraState::no_frames;
    }
    return CameraState::live;
}

}  // namespace

std::string to_string(CameraState state) {
    switch (state) {
        case CameraState::live:
            return "live";
        case CameraState::no_frames:
            return "no_frames";
        case CameraState::ended:
            return "ended";
        case CameraState::offline:
            return "offline";
    }
    std::unreachable();
}

CameraBoard::Entry* CameraBoard::touch(const std::string& camera, Monotonic::time_point now) {
    const auto found = cameras_.find(camera);
    if (found == cameras_.end() && cameras_.size() >= max_cameras) return nullptr;
    auto& entry = cameras_[camera];
    entry.last_message = std::max(entry.last_message, now);
    return &entry;
}

void CameraBoard::update(const wire::Identity& identity, Monotonic::time_point published) {
    const std::lock_guard lock(mutex_);
    if (auto* entry = touch(identity.head.src, published)) ++entry->results;
}

void CameraBoard::update(const wire::Track& event, Monotonic::time_point now) {
    const std::lock_guard lock(mutex_);
    touch(event.head.src, now);
}

void CameraBoard::update(const wire::Camera& report, Monotonic::time_point now) {
    const std::lock_guard lock(mutex_);
    if (auto* entry = touch(report.head.src, now)) entry->report = report;
}

void CameraBoard::update(const wire::Status& status, Monotonic::time_point now) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    status_received_ = now;
}

std::vector<CameraEntry> CameraBoard::cameras(Monotonic::time_point now) const {
    const std::lock_guard lock(mutex_);
    std::vector<CameraEntry> all;
    all.reserve(cameras_.size());
    for (const auto& [name, entry] : cameras_) {
        const auto ago = seconds_between(entry.last_message, now);
        all.push_back({name, state_of(entry.report, ago), ago, entry.report, entry.results});
    }
    return all;
}

std::optional<CameraBoard::Broker> CameraBoard::broker(Monotonic::time_point now) const {
    const std::lock_guard lock(mutex_);
    if (!status_) return std::nullopt;
    return Broker{*status_, seconds_between(status_received_, now)};
}

}  // namespace facebus::gateway
