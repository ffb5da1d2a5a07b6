#include "detect-align/detect_stage.hpp"

#include <vector>

#include "vision/crop/align.hpp"
#include "vision/crop/quality.hpp"
#include "wire/codec.hpp"

namespace facebus::detect_align {
namespace {

/// Returns the entry of a face in the message. Converts box and landmarks from coordinates of the
/// area to coordinates of the frame.
wire::FaceItem to_frame_coordinates(const vision::Detection& face, const Area& area,
                                    const Quality& quality) {
    wire::FaceItem item{.box = face.box, .landmarks = face.landmarks, .quality = quality};
    const auto dx = static_cast<float>(area.x);
    const auto dy = static_cast<float>(area.y);
    item.box.x += dx;
    item.box.y += dy;
    for (auto& point : item.landmarks) {
        point.x += dx;
        point.y += dy;
    }
    return item;
}

/// Returns whether the box of a face touches a border of the area that is not a border of the
/// frame. The area may then contain only a part of the face, so its box and crop may be wrong.
bool is_cut_off(const Box& box, const Area& area, const wire::Region& region) {
    const bool left = box.x <= 0 && area.x > 0;
    const bool top = box.y <= 0 && area.y > 0;
    const bool right = box.x + box.width >= static_cast<float>(area.width) &&
                       area.x + area.width < region.frame_width;
    const bool bottom = box.y + box.height >= static_cast<float>(area.height) &&
                        area.y + area.height < region.frame_height;
    return left || top || right || bottom;
}

}  // namespace

std::pair<wire::Face, Bytes> DetectStage::process(const wire::Region& region, const Bytes& pixels) {
    wire::Face message{
        .head = region.head, .stream = region.stream, .cut = region.cut, .faces = {}};
    std::vector<std::byte> crops;
    std::size_t offset = 0;
    // The payload is the concatenation of the pixels of all areas.
    for (const auto& area : region.areas) {
        const auto size =
            static_cast<std::size_t>(area.width) * static_cast<std::size_t>(area.height) * channels;
        const Image part{area.width, area.height, pixels.slice(offset, size)};
        offset += size;
        for (const auto& face : detector_.detect(part)) {
            if (message.faces.size() == wire::max_faces) break;
            if (face.box.width <= 0 || face.box.height <= 0) continue;
            if (is_cut_off(face.box, area, region)) continue;
            const auto crop = vision::align(part, face);
            message.faces.push_back(to_frame_coordinates(face, area, vision::assess(crop, face)));
            const auto bytes = crop.pixels.span();
            crops.insert(crops.end(), bytes.begin(), bytes.end());
        }
    }
    return {std::move(message), Bytes::take(std::move(crops))};
}

}  // namespace facebus::detect_align
