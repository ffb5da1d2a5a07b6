// facebus detect: prints the faces in images, with the quality of each face.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/gallery/enrol.hpp"
#include "cli/terminal.hpp"
#include "vision/crop/align.hpp"
#include "vision/crop/quality.hpp"
#include "vision/image/image_file.hpp"
#include "vision/network/threads.hpp"

namespace facebus::cli {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const vision::Detection& face, const Quality& quality) {
    Json points = Json::array();
    for (const auto& point : face.landmarks) points.push_back({point.x, point.y});
    return {{"box", {face.box.x, face.box.y, face.box.width, face.box.height}},
            {"score", face.score},
            {"landmarks", points},
            {"quality",
             {{"eye_distance", quality.eye_distance},
              {"sharpness", quality.sharpness},
              {"yaw", quality.yaw},
              {"overall", quality.overall}}}};
}

void print(const vision::Detection& face, const Quality& quality) {
    safe_print(
        "  {:.0f} x {:.0f} at {:.0f}, {:.0f}  score {:.3f}  eyes {:.0f} pixels apart  "
        "sharpness {:.0f}  yaw {:+.2f}  quality {:.2f}\n",
        face.box.width, face.box.height, face.box.x, face.box.y, face.score, quality.eye_distance,
        quality.sharpness, quality.yaw, quality.overall);
}

}  // namespace

Exit detect(const Context& context, const std::vector<std::filesystem::path>& paths, bool json) {
    vision::use_threads(0);
    vision::FaceDetector detector(context.models, context.settings.detect);
    std::size_t unreadable = 0;
    for (const auto& named : named_files(paths, "")) {
        if (context.stop.requested()) return Exit::interrupted;
        const auto image = vision::read_image(named.file);
        if (!image) {
            ++unreadable;
            safe_print(stderr, "{}\n", image.error().message);
            continue;
        }
        const auto faces = detector.detect(*image);
        Json all = Json::array();
        if (!json) {
            safe_print("{}: {}\n", named.file.string(), counted(faces.size(), "face", "faces"));
        }
        for (const auto& face : faces) {
            const auto quality = vision::assess(vision::align(*image, face), face);
            if (json) {
                all.push_back(to_json(face, quality));
            } else {
                print(face, quality);
            }
        }
        if (json) {
            const Json line{{"file", named.file.string()},
                            {"width", image->width},
                            {"height", image->height},
                            {"faces", all}};
            safe_print_json(line);
        }
    }
    return unreadable > 0 ? Exit::input : Exit::ok;
}

}  // namespace facebus::cli
