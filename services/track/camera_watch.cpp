#include "track/camera_watch.hpp"

#include <chrono>

namespace facebus::track {

CameraWatch::CameraWatch(Monotonic::duration interval, Monotonic::time_point now,
                         const std::vector<std::string>& configured)
    : interval_(interval), due_(now + interval) {
    for (const auto& camera : configured) cameras_[camera].report.live = true;
}

void CameraWatch::see(const wire::Face& frame) {
    auto& report = cameras_[frame.head.src].report;
    report.live = frame.stream.live;
    report.ended = frame.stream.end;
    report.last_frame = frame.head.ts;
    if (!frame.stream.end) ++report.frames;
}

void CameraWatch::see(const wire::Track& event) {
    auto& tracks = cameras_[event.head.src].tracks;
    if (event.event == wire::TrackEvent::started) tracks.insert(event.track);
    if (event.event == wire::TrackEvent::ended) tracks.erase(event.track);
}

std::vector<wire::Camera> CameraWatch::reports(Monotonic::time_point now, std::int64_t utc_ns) {
    if (now < due_) return {};
    // Reports may be late, so the rate is computed over the time that really passed.
    const auto passed = std::chrono::duration<double>(now - due_ + interval_).count();
    due_ = now + interval_;
    std::vector<wire::Camera> all;
    all.reserve(cameras_.size());
    for (auto& [name, seen] : cameras_) {
        auto& report = seen.report;
        report.head.src = name;
        report.head.ts = utc_ns;
        report.rate = static_cast<double>(report.frames - seen.frames_before) / passed;
        report.tracks = static_cast<std::uint32_t>(seen.tracks.size());
        seen.frames_before = report.frames;
        all.push_back(report);
    }
    return all;
}

}  // namespace facebus::track
