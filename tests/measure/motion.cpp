// Measures the CPU time that motion gating saves and the faces that it misses, for
// docs/accuracy.md.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "detect-align/detect_stage.hpp"
#include "motion/motion_stage.hpp"
#include "support/models.hpp"
#include "vision/network/threads.hpp"
#include "vision/video/video_source.hpp"

namespace {

using namespace facebus;

constexpr double second = 1e9;  // in ns
constexpr double still_seconds = 10;

/// Returns the CPU time of this process in seconds.
double processor_time() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / second;
}

struct DetectedFace {
    std::int64_t pts = 0;
    Box box;
};

wire::Frame frame_message(const Image& image, std::int64_t pts) {
    wire::Frame frame;
    frame.head.src = "clip";
    frame.stream.pts = pts;
    frame.width = image.width;
    frame.height = image.height;
    return frame;
}

/// Returns a message that requests a search of the whole frame.
wire::Region whole(const Image& image, std::int64_t pts) {
    wire::Region region;
    region.head.src = "clip";
    region.stream.pts = pts;
    region.frame_width = image.width;
    region.frame_height = image.height;
    region.areas = {{0, 0, image.width, image.height}};
    return region;
}

/// Searches each frame twice, once completely and once only in the areas with motion, and compares
/// the results.
class Comparison {
  public:
    Comparison() : detect_(test::models(), vision::DetectorOptions{}) {}

    void add(const Image& image, std::int64_t pts) {
        ++frames_;
        pixels_ += static_cast<double>(image.width) * image.height;
        const double start = processor_time();
        const auto [region, parts] = motion_.process(frame_message(image, pts), image.pixels);
        const double motion_end = processor_time();
        const auto gated = detect_.process(region, parts).first;
        const double gate_end = processor_time();
        const auto full = detect_.process(whole(image, pts), image.pixels).first;
        motion_seconds_ += motion_end - start;
        gated_seconds_ += gate_end - motion_end;
        full_seconds_ += processor_time() - gate_end;
        for (const auto& area : region.areas) {
            searched_ += static_cast<double>(area.width) * area.height;
        }
        for (const auto& face : gated.faces) gated_.push_back({pts, face.box});
        for (const auto& face : full.faces) full_.push_back({pts, face.box});
    }

    /// Returns which fraction of the faces detected in whole frames is also detected with gating,
    /// at most `reach` seconds earlier or later.
    [[nodiscard]] double recall(double reach) const {
        std::size_t found = 0;
        for (const auto& face : full_) {
            for (const auto& other : gated_) {
                if (std::abs(static_cast<double>(other.pts - face.pts)) > reach * second) continue;
                // Faces move within a second, so a small overlap is sufficient.
                if (iou(face.box, other.box) > (reach > 0 ? 0.1F : 0.5F)) {
                    ++found;
                    break;
                }
            }
        }
        return full_.empty() ? 1 : static_cast<double>(found) / static_cast<double>(full_.size());
    }

    /// Returns the length in seconds of the longest gap between faces detected with gating.
    /// Considers only the time from `first` to `last`, which are in ns.
    [[nodiscard]] double longest_gap(std::int64_t first, std::int64_t last) const {
        std::int64_t gap = 0;
        std::int64_t before = first;
        for (const auto& face : gated_) {
            gap = std::max(gap, face.pts - before);
            before = face.pts;
        }
        return static_cast<double>(std::max(gap, last - before)) / second;
    }

    /// Prints one line of the table: the numbers of frames and faces, the recall in the same frame
    /// and within one second, the share of pixels that gating does not search, the CPU time per
    /// frame without and with gating, and the share of CPU time that gating saves.
    void print(const std::string& name) const {
        fmt::print("{:<36} {:>6} {:>6} {:>8.1f} {:>9.1f} {:>9.1f} {:>8.1f} {:>8.1f} {:>8.1f}\n",
                   name, frames_, full_.size(), 100 * recall(0), 100 * recall(1),
                   100 * (1 - searched_ / pixels_),
                   1000 * full_seconds_ / static_cast<double>(frames_),
                   1000 * (gated_seconds_ + motion_seconds_) / static_cast<double>(frames_),
                   100 * (1 - (gated_seconds_ + motion_seconds_) / full_seconds_));
        std::fflush(stdout);
    }

  private:
    motion::MotionStage motion_{vision::MotionOptions{}};
    detect_align::DetectStage detect_;
    std::size_t frames_ = 0;
    std::vector<DetectedFace> full_;
    std::vector<DetectedFace> gated_;
    double pixels_ = 0;
    double searched_ = 0;
    double motion_seconds_ = 0;
    double gated_seconds_ = 0;
    double full_seconds_ = 0;
};

int measure(const std::string& clip) {
    auto source = vision::VideoSource::open(clip);
    if (!source) {
        fmt::print(stderr, "measure.motion: {}\n", source.error().message);
        return 69;
    }
    const auto name = clip.substr(clip.rfind('/') + 1);
    Comparison moving;
    std::optional<Image> still;
    std::size_t frames = 0;
    while (true) {
        auto frame = source->read();
        if (!frame || !*frame) break;
        moving.add((*frame)->image, (*frame)->pts);
        // Keep frame 30 for the second measurement, or frame 0 if the clip is shorter.
        if (!still || frames == 30) still = (*frame)->image;
        if (++frames % 50 == 0) fmt::print(stderr, "{}: {} frames\n", name, frames);
    }
    if (frames == 0) return 69;
    moving.print(name);
    // Repeats one frame for ten seconds, which simulates people who stand perfectly still.
    Comparison standing;
    const auto step = static_cast<std::int64_t>(second / 25);
    const auto last = static_cast<std::int64_t>(still_seconds * second);
    for (std::int64_t pts = 0; pts < last; pts += step) standing.add(*still, pts);
    standing.print(fmt::format("  one frame repeated for {:.0f} s", still_seconds));
    if (const double gap = standing.longest_gap(0, last); gap < still_seconds) {
        fmt::print("  a person who stands still is detected again within {:.2f} s\n", gap);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.empty() || arguments.front() == "--help") {
        fmt::print(
            "usage: measure.motion CLIP...\n\n"
            "Compares searching whole frames with searching only the areas with motion (gating),\n"
            "on one thread. Prints two rows per clip: one for the clip, and one for a single\n"
            "frame of it, repeated for ten seconds. Columns:\n\n"
            "  frames     number of frames\n"
            "  faces      number of faces found by searching whole frames\n"
            "  recall %   share of these faces that gating finds in the same frame\n"
            "  +-1 s %    share of these faces that gating finds within one second\n"
            "  pixels -%  share of the pixels that gating does not search\n"
            "  ms whole   CPU time per frame without gating\n"
            "  ms gated   CPU time per frame with gating\n"
            "  time -%    share of the CPU time that gating saves\n");
        return arguments.empty() ? 64 : 0;
    }
    try {
        vision::use_threads(1);
        fmt::print("{:<36} {:>6} {:>6} {:>8} {:>9} {:>9} {:>8} {:>8} {:>8}\n", "clip", "frames",
                   "faces", "recall %", "+-1 s %", "pixels -%", "ms whole", "ms gated", "time -%");
        for (const auto& clip : arguments) {
            if (const int code = measure(clip); code != 0) return code;
        }
    } catch (const FatalError& error) {
        fmt::print(stderr, "measure.motion: {}\n", error.what());
        return static_cast<int>(error.code());
    }
    return 0;
}
