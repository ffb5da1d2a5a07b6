#include "capture/camera.hpp"

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "base/clock.hpp"

namespace facebus::capture {
namespace {

constexpr double ns_per_second = 1e9;

std::int64_t monotonic_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Monotonic::now().time_since_epoch())
        .count();
}

std::string random_id() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}", random(), random());
}

bool is_replay(const std::string& source) {
    const auto kind = vision::source_kind(source);
    return kind == vision::SourceKind::file || kind == vision::SourceKind::folder;
}

}  // namespace

Camera::Camera(std::string name, const CameraOptions& settings, const Options& options,
               const Stop& stop)
    : name_(std::move(name)),
      settings_(settings),
      options_(options),
      stop_(stop),
      stream_(random_id()),
      replay_(is_replay(settings.source)),
      live_(settings.pace == Pace::live || (settings.pace == Pace::automatic && !replay_)),
      started_(monotonic_ns()),
      retry_seconds_(options.reconnect_min),
      freeze_(replay_ ? 0 : static_cast<std::int64_t>(options.freeze_timeout * ns_per_second)) {}

Result<void> Camera::run(const CameraEvents& events) {
    while (!stop_.requested()) {
        auto source = vision::VideoSource::open(settings_.source);
        Result<bool> ended = true;
        if (source) {
            events.opened();
            ended = read_to_end(*source, events);
        } else {
            ended = std::unexpected(source.error());
        }
        if (ended && !*ended) return {};
        if (replay_) {
            if (!ended) return std::unexpected(ended.error());
            if (!settings_.loop) {
                emit_end(events);
                return {};
            }
            // The source begins again one frame period after its last frame, so that pts increase
            // as if it had not ended.
            offset_ = last_read_ + static_cast<std::int64_t>(ns_per_second / source->frame_rate());
            continue;
        }
        const auto error =
            ended ? Error{ErrorKind::unavailable, "the stream ended"} : ended.error();
        events.disconnected(error, retry_seconds_);
        wait(static_cast<std::int64_t>(retry_seconds_ * ns_per_second), events);
        retry_seconds_ = std::min(retry_seconds_ * 2, options_.reconnect_max);
    }
    return {};
}

Result<bool> Camera::read_to_end(vision::VideoSource& source, const CameraEvents& events) {
    const auto spacing = settings_.frame_rate > 0
                             ? static_cast<std::int64_t>(ns_per_second / settings_.frame_rate)
                             : std::int64_t{0};
    while (!stop_.requested()) {
        auto frame = source.read();
        if (!frame) return std::unexpected(frame.error());
        if (!*frame) return true;
        events.alive();
        retry_seconds_ = options_.reconnect_min;
        if (freeze_.just_froze((*frame)->image.pixels, monotonic_ns())) {
            return fail(ErrorKind::unavailable,
                        fmt::format("the stream is frozen: identical images for {} s",
                                    options_.freeze_timeout));
        }
        // Frames of a device or stream get the time of their arrival, so that pts increase even
        // if the source is reopened.
        const auto pts = replay_ ? offset_ + (*frame)->pts : monotonic_ns() - started_;
        last_read_ = pts;
        // `frame_rate` is a maximum: skip a frame that follows the last sent frame too soon.
        if (last_sent_ >= 0 && pts - last_sent_ < spacing) continue;
        // Play a file in real time: wait until the frame is due.
        if (replay_ && live_ && !wait(started_ + pts - monotonic_ns(), events)) return false;
        if (!emit(**frame, pts, events)) return false;
        last_sent_ = pts;
    }
    return false;
}

bool Camera::emit(const vision::VideoFrame& frame, std::int64_t pts, const CameraEvents& events) {
    const auto now = utc_ns();
    wire::Frame message{.head = {.src = name_, .ts = now, .t = {{"capture", now}}},
                        .stream = {.pts = pts, .live = live_, .id = stream_},
                        .width = frame.image.width,
                        .height = frame.image.height};
    return events.frame(message, frame.image.pixels);
}

void Camera::emit_end(const CameraEvents& events) {
    const auto now = utc_ns();
    wire::Frame message{
        .head = {.src = name_, .ts = now, .t = {{"capture", now}}},
        .stream = {.pts = last_sent_ + 1, .live = live_, .end = true, .id = stream_}};
    events.frame(message, Bytes());
}

bool Camera::wait(std::int64_t ns, const CameraEvents& events) const {
    constexpr std::int64_t max_slice_ms = 1000;
    for (auto left_ms = ns / 1'000'000; left_ms > 0; left_ms -= max_slice_ms) {
        events.alive();
        if (stop_.wait_ms(static_cast<int>(std::min(left_ms, max_slice_ms)))) return false;
    }
    return true;
}

}  // namespace facebus::capture
