#include "track/track_stage.hpp"

#include <utility>

#include <fmt/format.h>

namespace facebus::track {
namespace {

std::vector<vision::Sighting> sightings(const wire::Face& frame, const Bytes& crops) {
    std::vector<vision::Sighting> all;
    for (const auto& face : frame.faces) {
        const Image crop{crop_side, crop_side, crops.slice(all.size() * crop_bytes, crop_bytes)};
        all.push_back({face.box, face.landmarks, face.quality, crop});
    }
    return all;
}

wire::TrackEvent to_wire(vision::TrackEvent::Kind kind) {
    switch (kind) {
        case vision::TrackEvent::Kind::started:
            return wire::TrackEvent::started;
        case vision::TrackEvent::Kind::moved:
            return wire::TrackEvent::moved;
        case vision::TrackEvent::Kind::ended:
            return wire::TrackEvent::ended;
    }
    std::unreachable();
}

}  // namespace

std::string TrackStage::track_id(const std::string& camera, std::uint64_t stream,
                                 std::uint64_t number) const {
    return fmt::format("{}-{}-{}-{}", camera, session_, stream, number);
}

bool TrackStage::should_publish(Camera& camera, const vision::TrackEvent& event) const {
    using Kind = vision::TrackEvent::Kind;
    if (event.kind == Kind::ended) {
        camera.published.erase(event.track);
        return true;
    }
    auto& last = camera.published.try_emplace(event.track, event.pts).first->second;
    if (event.kind == Kind::moved && event.pts - last < moved_interval_) return false;
    last = event.pts;
    return true;
}

TrackOutput TrackStage::process(const wire::Face& frame, const Bytes& crops) {
    const auto& source = frame.head.src;
    auto found = cameras_.find(source);
    if (found == cameras_.end()) {
        found = cameras_.emplace(source, Camera{++streams_[source], vision::Tracker(options_), {}})
                    .first;
    }
    auto& camera = found->second;
    auto result = frame.stream.end ? camera.tracker.finish()
                                   : camera.tracker.process(sightings(frame, crops),
                                                            frame.stream.pts, frame.cut);
    TrackOutput output;
    for (const auto& event : result.events) {
        using Kind = vision::TrackEvent::Kind;
        if (!should_publish(camera, event)) continue;
        auto& target = event.kind == Kind::ended ? output.after : output.before;
        target.push_back({.head = frame.head,
                          .track = track_id(source, camera.stream, event.track),
                          .event = to_wire(event.kind),
                          .pts = event.pts,
                          .box = event.box});
    }
    for (auto& probe : result.probes) {
        const auto track = track_id(source, camera.stream, probe.track);
        output.probes.push_back({{.head = frame.head,
                                  .probe = fmt::format("{}/{:04}", track, probe.number),
                                  .track = track,
                                  .pts = frame.stream.pts,
                                  .box = probe.sighting.box,
                                  .quality = probe.sighting.quality},
                                 probe.sighting.crop.pixels});
    }
    if (frame.stream.end) {
        output.after.push_back({.head = frame.head,
                                .track = {},
                                .event = wire::TrackEvent::end,
                                .pts = frame.stream.pts,
                                .box = {}});
        cameras_.erase(found);
    }
    return output;
}

}  // namespace facebus::track
