// Compares MTCNN, SSD plus O-Net, and YuNet on the same frames, for docs/accuracy.md.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>

#include "support/images.hpp"
#include "support/models.hpp"
#include "vision/detect/face_detector.hpp"
#include "vision/image/image_file.hpp"
#include "vision/network/threads.hpp"
#include "vision/video/video_source.hpp"

namespace {

using namespace facebus;
using vision::Detection;

constexpr int frame_step = 10;     // every tenth frame of a clip is used
constexpr float same_face = 0.5F;  // minimum IoU of two boxes of the same face

struct Detector {
    std::string name;
    vision::FaceDetector detector;
    double seconds = 0;
    std::size_t frames = 0;
    std::vector<std::vector<Detection>> faces;  ///< detected faces, by frame
};

std::vector<Detector> detectors() {
    std::vector<Detector> all;
    const auto models = test::models();
    all.push_back({"MTCNN", {models, vision::DetectorOptions{}}, 0, 0, {}});
    for (const int input : {300, 600}) {
        all.push_back({fmt::format("SSD {0}x{0} + O-Net", input),
                       {models, vision::DetectorOptions{.detector = vision::DetectorKind::ssd,
                                                        .ssd_input = input}},
                       0,
                       0,
                       {}});
    }
    all.push_back({"YuNet",
                   {models, vision::DetectorOptions{.detector = vision::DetectorKind::yunet}},
                   0,
                   0,
                   {}});
    return all;
}

void detect(std::vector<Detector>& all, const Image& image) {
    for (auto& one : all) {
        const auto start = std::chrono::steady_clock::now();
        one.faces.push_back(one.detector.detect(image));
        one.seconds +=
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        ++one.frames;
    }
}

/// Returns the first face whose box has an IoU of at least `same_face` with `box`, or null.
const Detection* find(const std::vector<Detection>& faces, const Box& box) {
    for (const auto& face : faces) {
        if (iou(face.box, box) >= same_face) return &face;
    }
    return nullptr;
}

/// Returns the mean distance between the landmarks `found` and `truth`, as a fraction of the eye
/// distance of `truth`.
double landmark_error(const Landmarks& found, const Landmarks& truth) {
    double sum = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        sum += double{std::hypot(found[i].x - truth[i].x, found[i].y - truth[i].y)};
    }
    return sum / static_cast<double>(truth.size()) / double{eye_distance(truth)};
}

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[values.size() / 2];
}

/// Prints one line per detector: the number of frames, the number of faces that at least one
/// detector found, the share of these faces that this detector found (recall), the median landmark
/// error, and the time per frame. The landmarks of the first detector count as correct.
void compare(const std::string& name, const std::vector<Detector>& all) {
    // There is no ground truth: every detection by any detector counts as a face.
    std::vector<std::vector<Box>> faces(all.front().faces.size());
    std::size_t total = 0;
    for (std::size_t frame = 0; frame < faces.size(); ++frame) {
        for (const auto& one : all) {
            for (const auto& face : one.faces[frame]) {
                const bool listed = std::ranges::any_of(
                    faces[frame], [&](const Box& box) { return iou(box, face.box) >= same_face; });
                if (!listed) faces[frame].push_back(face.box);
            }
        }
        total += faces[frame].size();
    }
    for (const auto& one : all) {
        std::size_t found = 0;
        std::vector<double> errors;
        for (std::size_t frame = 0; frame < faces.size(); ++frame) {
            for (const auto& box : faces[frame]) {
                const auto* match = find(one.faces[frame], box);
                if (match == nullptr) continue;
                ++found;
                const auto* reference = find(all.front().faces[frame], box);
                if (reference != nullptr) {
                    errors.push_back(landmark_error(match->landmarks, reference->landmarks));
                }
            }
        }
        fmt::print("{:<28} {:<22} {:>6} {:>6} {:>8.1f} {:>10.2f} {:>8.1f}\n", name, one.name,
                   faces.size(), total,
                   total == 0 ? 0 : 100 * static_cast<double>(found) / static_cast<double>(total),
                   100 * median(errors), 1000 * one.seconds / static_cast<double>(one.frames));
    }
}

void measure_clip(const std::string& clip) {
    auto source = vision::VideoSource::open(clip);
    if (!source) throw FatalError(Exit::unavailable, source.error().message);
    auto all = detectors();
    for (int i = 0;; ++i) {
        auto frame = source->read();
        if (!frame || !*frame) break;
        if (i % frame_step == 0) detect(all, (*frame)->image);
    }
    compare(clip.substr(clip.rfind('/') + 1), all);
}

/// Compares the landmarks of each detector with the annotated ones, for a folder of images. The
/// file annotations.txt in this folder has one line per image, as in the data set MTFL: the name of
/// the image, then the x coordinates and the y coordinates of the five landmarks.
void measure_landmarks(const std::filesystem::path& folder) {
    constexpr int enlarge = 4;
    struct Result {
        std::size_t found = 0;
        std::vector<double> errors;
    };
    auto all = detectors();
    std::vector<Result> results(all.size());
    std::ifstream in(folder / "annotations.txt");
    std::size_t images = 0;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string name;
        Landmarks truth{};
        words >> name;
        for (auto& point : truth) words >> point.x;
        for (auto& point : truth) words >> point.y;
        if (!words) continue;
        std::ranges::replace(name, '\\', '/');
        const auto image = vision::read_image(folder / name);
        if (!image) continue;
        ++images;
        // Enlarge the image and add a border, so that the detectors also find small faces and faces
        // at the edge of the image.
        cv::Mat large;
        cv::resize(test::mat_of(*image), large, {}, enlarge, enlarge, cv::INTER_CUBIC);
        cv::copyMakeBorder(large, large, 80, 80, 80, 80, cv::BORDER_REPLICATE);
        for (auto& point : truth) point = {point.x * enlarge + 80, point.y * enlarge + 80};
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto faces = all[i].detector.detect(test::image_of(large));
            if (faces.empty()) continue;
            ++results[i].found;
            results[i].errors.push_back(landmark_error(faces.front().landmarks, truth));
        }
        if (images % 200 == 0) fmt::print(stderr, "{} images\n", images);
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& errors = results[i].errors;
        double mean = 0;
        for (const double error : errors) mean += error / static_cast<double>(errors.size());
        const auto bad = std::ranges::count_if(errors, [](double error) { return error > 0.1; });
        fmt::print(
            "{:<28} {:<22} found {} of {}, landmark error mean {:.2f}%, median {:.2f}%, "
            "above 10%: {:.1f}%\n",
            folder.filename().string(), all[i].name, results[i].found, images, 100 * mean,
            100 * median(errors),
            100 * static_cast<double>(bad) / static_cast<double>(errors.size()));
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.empty() || arguments.front() == "--help") {
        fmt::print(
            "usage: measure.detectors CLIP|FOLDER...\n\n"
            "Compares the detectors on every tenth frame of each clip. For a folder with\n"
            "annotations.txt, as in the data set MTFL, compares their landmarks with the\n"
            "annotated ones. Uses one thread. Columns for a clip, after the number of frames:\n\n"
            "  faces       faces that at least one detector finds\n"
            "  recall %    share of these faces that the detector finds\n"
            "  landmark %  median distance from MTCNN's landmarks, in % of the eye distance\n"
            "  ms          time per frame\n");
        return arguments.empty() ? 64 : 0;
    }
    try {
        vision::use_threads(1);
        fmt::print("{:<28} {:<22} {:>6} {:>6} {:>8} {:>10} {:>8}\n", "clip", "detector", "frames",
                   "faces", "recall %", "landmark %", "ms");
        for (const auto& argument : arguments) {
            if (std::filesystem::exists(std::filesystem::path(argument) / "annotations.txt")) {
                measure_landmarks(argument);
            } else {
                measure_clip(argument);
            }
        }
    } catch (const FatalError& error) {
        fmt::print(stderr, "measure.detectors: {}\n", error.what());
        return static_cast<int>(error.code());
    }
    return 0;
}
