// Prints the tracks of clips with the detector scores of their faces, for docs/accuracy.md.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "detect-align/detect_stage.hpp"
#include "motion/motion_stage.hpp"
#include "support/models.hpp"
#include "vision/network/threads.hpp"
#include "vision/track/tracker.hpp"
#include "vision/video/video_source.hpp"

namespace {

using namespace facebus;

/// The detections and probes of a track.
struct Track {
    std::int64_t first = 0;  ///< pts of the first and last detection, in ns
    std::int64_t last = 0;
    Box box;  ///< of the last detection
    std::vector<float> scores{};
    float best_quality = 0;
    float lowest_yaw = 1;
    float highest_yaw = -1;
    std::string probes{};  ///< yaw of each probe
};

std::vector<vision::Sighting> sightings(const wire::Face& faces, const Bytes& crops) {
    std::vector<vision::Sighting> all;
    for (const auto& face : faces.faces) {
        all.push_back(
            {face.box, face.landmarks, face.quality,
             Image{crop_side, crop_side, crops.slice(all.size() * crop_bytes, crop_bytes)}});
    }
    return all;
}

void print(std::uint64_t number, Track track) {
    std::ranges::sort(track.scores, std::greater{});
    const auto count = track.scores.size();
    double sum = 0;
    for (const float score : track.scores) sum += score;
    fmt::print(
        "{:>5}  {:>6.2f}-{:<6.2f} {:>5.0f},{:<5.0f} {:>4.0f} px {:>4} faces  scores {:.4f} {:.4f} "
        "mean "
        "{:.4f}  quality {:.2f}  yaw {:+.2f}..{:+.2f}  probes{}\n",
        number, static_cast<double>(track.first) / 1e9, static_cast<double>(track.last) / 1e9,
        track.box.centre().x, track.box.centre().y, track.box.width, count, track.scores[0],
        count > 1 ? track.scores[1] : 0, sum / static_cast<double>(count), track.best_quality,
        track.lowest_yaw, track.highest_yaw, track.probes);
}

int measure(const char* path, vision::DetectorKind detector) {
    auto source = vision::VideoSource::open(path);
    if (!source) {
        fmt::print(stderr, "{}\n", source.error().message);
        return 1;
    }
    motion::MotionStage motion{vision::MotionOptions{}};
    detect_align::DetectStage detect{test::models(), vision::DetectorOptions{.detector = detector}};
    vision::Tracker tracker({.confirm = 1, .confirm_score = 0});
    std::map<std::uint64_t, Track> tracks;
    while (true) {
        const auto frame = source->read();
        if (!frame || !*frame) break;
        const auto& image = (*frame)->image;
        wire::Frame message;
        message.head.src = "clip";
        message.stream.pts = (*frame)->pts;
        message.width = image.width;
        message.height = image.height;
        const auto [region, parts] = motion.process(message, image.pixels);
        const auto [faces, crops] = detect.process(region, parts);
        const auto result = tracker.process(sightings(faces, crops), (*frame)->pts, faces.cut);
        for (const auto& event : result.events) {
            if (event.kind == vision::TrackEvent::Kind::ended) continue;
            const auto face = std::ranges::find_if(faces.faces, [&](const auto& item) {
                return item.box.x == event.box.x && item.box.y == event.box.y;
            });
            if (face == faces.faces.end()) continue;
            auto& track = tracks[event.track];
            if (track.scores.empty()) track.first = event.pts;
            track.last = event.pts;
            track.box = event.box;
            track.scores.push_back(face->quality.detector);
            track.best_quality = std::max(track.best_quality, face->quality.overall);
            track.lowest_yaw = std::min(track.lowest_yaw, face->quality.yaw);
            track.highest_yaw = std::max(track.highest_yaw, face->quality.yaw);
        }
        for (const auto& probe : result.probes) {
            const auto& quality = probe.sighting.quality;
            tracks[probe.track].probes +=
                fmt::format(" {:+.2f}/{:.2f}", quality.yaw, quality.overall);
        }
    }
    fmt::print("{}\n", path);
    for (const auto& [number, track] : tracks) print(number, track);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const bool yunet = argc > 1 && std::string(argv[1]) == "--yunet";
    const int first = yunet ? 2 : 1;
    if (argc <= first) {
        fmt::print(stderr, "usage: measure.tracks [--yunet] CLIP...\n");
        return 64;
    }
    vision::use_threads(1);
    int failed = 0;
    for (int i = first; i < argc; ++i) {
        failed |=
            measure(argv[i], yunet ? vision::DetectorKind::yunet : vision::DetectorKind::mtcnn);
    }
    return failed;
}
