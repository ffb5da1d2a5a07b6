#include "track/camera_watch.hpp"

#include <chrono>

namespace facebus::track {

CameraWatch::CameraWatch(Monotonic::duration interval, Monotonic::time_point now,
                         const std::vector<std::string>& configured)
    : interval_(interval), due_(now + interval) {
    for (const auto& camera : configured) cameras_[camera].report.live = true;
}

void CameraWatch::record(const wire::Face& frame) {
    auto& report = cameras_[frame.head.src].report;
    report.live = frame.stream.live;
    report.ended = frame.stream.end;
    report.last_frame = frame.head.ts;
    if (!frame.stream.end) ++report.frames;
}

void CameraWatch::record(const wire::Track& event) {
    auto& tracks = cameras_[event.head.src].tracks;
    if (event.event == wire::TrackEvent::started) tracks.insert(event.track);
    if (event.event == wire::TrackEvent::ended) tracks.erase(event.track);
}

std::vector<wire::Camera> CameraWatch::reports(Monotonic::time_point now, std::int64_t utc_ns) {
    if (now < due_) return {};
    // Reports may be late, so compute the rate over the time that has actually elapsed.
    const auto elapsed = std::chrono::duration<double>(now - due_ + interval_).count();
    due_ = now + interval_;
    std::vector<wire::Camera> all;
    all.reserve(cameras_.size());
    for (auto& [name, state] : cameras_) {
        auto& report = state.report;
        report.head.src = name;
        report.head.ts = utc_ns;
        report.rate = static_cast<double>(report.frames - state.frames_before) / elapsed;
        report.tracks = static_cast<std::uint32_t>(state.tracks.size());
        state.frames_before = report.frames;
        all.push_back(report);
    }
    return all;
}

}  // namespace facebus::track
