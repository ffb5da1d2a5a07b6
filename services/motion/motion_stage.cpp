#include "motion/motion_stage.hpp"

#include <cmath>
#include <vector>

#include "wire/codec.hpp"

namespace facebus::motion {
namespace {

/// Returns the pixels of the areas, one area after the other.
Bytes join_areas(const Image& frame, const std::vector<Area>& areas) {
    std::vector<std::byte> all;
    for (const auto& area : areas) {
        const auto part = vision::copy_area(frame, area);
        const auto bytes = part.pixels.span();
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return Bytes::take(std::move(all));
}

}  // namespace

std::pair<wire::Region, Bytes> MotionStage::process(const wire::Frame& frame, const Bytes& pixels) {
    wire::Region region{.head = frame.head, .stream = frame.stream, .areas = {}};
    if (frame.stream.end) {
        cameras_.erase(frame.head.src);
        return {region, Bytes()};
    }
    region.frame_width = frame.width;
    region.frame_height = frame.height;
    auto camera = cameras_.find(frame.head.src);
    if (camera == cameras_.end() || camera->second.stream != frame.stream.id) {
        // The whole frame of each camera is searched at least once per `full_interval`. If the
        // cameras started together, these expensive searches would coincide, so each camera gets
        // its own phase in the interval. Multiples of the golden ratio, modulo 1, are spread evenly
        // for any number of cameras.
        constexpr double golden = 0.618033988749895;
        options_.phase = std::fmod(golden * streams_++, 1.0);
        camera = cameras_
                     .insert_or_assign(frame.head.src,
                                       Camera{frame.stream.id, vision::MotionGate(options_)})
                     .first;
    }
    const Image image{frame.width, frame.height, pixels};
    auto motion = camera->second.gate.process(image, frame.stream.pts);
    region.cut = motion.scene_cut;
    // If there are too many areas for one message, send the whole frame instead. The pixels of the
    // whole frame need not be copied.
    if (motion.full || motion.areas.size() > wire::max_areas) {
        region.areas = {{0, 0, frame.width, frame.height}};
        return {region, pixels};
    }
    region.areas = std::move(motion.areas);
    return {region, join_areas(image, region.areas)};
}

}  // namespace facebus::motion
