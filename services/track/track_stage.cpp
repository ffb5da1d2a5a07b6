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

void TrackStage::append(TrackOutput& output, Camera& camera, const wire::Face& frame,
                        vision::TrackerResult result) const {
    const auto& source = frame.head.src;
    for (const auto& event : result.events) {
        using Kind = vision::TrackEvent::Kind;
        if (!should_publish(camera, event)) continue;
        auto& target = event.kind == Kind::ended ? output.after : output.before;
        target.push_back({.head = frame.head,
                          .track = track_id(source, camera.stream, event.track),
                          .event = to_wire(event.kind),
                          .pts = event.pts,
                          .box = event.box,
                          .stream = camera.stream_id});
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
}

TrackOutput TrackStage::process(const wire::Face& frame, const Bytes& crops) {
    TrackOutput output;
    const auto& source = frame.head.src;
    auto found = cameras_.find(source);
    if (found != cameras_.end() && found->second.stream_id != frame.stream.id) {
        append(output, found->second, frame, found->second.tracker.finish());
        cameras_.erase(found);
        found = cameras_.end();
    }
    if (found == cameras_.end()) {
        found =
            cameras_
                .emplace(source,
                         Camera{++streams_[source], frame.stream.id, vision::Tracker(options_), {}})
                .first;
    }
    auto& camera = found->second;
    if (!frame.stream.end) {
        append(output, camera, frame,
               camera.tracker.process(sightings(frame, crops), frame.stream.pts, frame.cut));
        return output;
    }
    append(output, camera, frame, camera.tracker.finish());
    output.after.push_back({.head = frame.head,
                            .track = {},
                            .event = wire::TrackEvent::end,
                            .pts = frame.stream.pts,
                            .box = {},
                            .stream = frame.stream.id});
    cameras_.erase(found);
    return output;
}

}  // namespace facebus::track
