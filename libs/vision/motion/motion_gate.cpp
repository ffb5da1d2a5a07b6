#include "vision/motion/motion_gate.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include <opencv2/imgproc.hpp>

#include "vision/image/mat.hpp"
#include "vision/motion/scene_cut.hpp"

namespace facebus::vision {

namespace {

// Maximum width and height of the grey copy of the frame in which motion is detected.
constexpr int max_grey_side = 320;
// Minimum differences in grey levels, from the background and from the previous frame, that count
// as motion. After the blur, sensor noise and compression artefacts cause smaller differences.
constexpr double background_level = 25;
constexpr double frame_level = 12;
// Time constant of the background in seconds: something that does not move becomes background after
// about this time. It is long enough to detect a person who moves slowly, and short enough that an
// area soon becomes background again after a person has left it.
constexpr double settle_time = 1;
// If the areas cover more than this fraction of the frame, the whole frame is searched instead,
// which is then cheaper.
constexpr double max_covered = 0.6;
// Minimum side of an area, as a fraction of the shorter side of the frame. If only the mouth or the
// eyes of a face move, the area must still contain the whole face.
constexpr double min_side = 1 / 3.0;
// Areas begin and end at multiples of this number of pixels or at the border of the frame, so that
// the detector receives only a few different sizes.
constexpr int grid = 32;

/// Replaces overlapping rectangles by their bounding rectangle until none overlap.
std::vector<cv::Rect> merge_overlapping(std::vector<cv::Rect> areas) {
    for (std::size_t i = 0; i < areas.size(); ++i) {
        for (std::size_t k = 0; k < areas.size(); ++k) {
            if (k == i || (areas[i] & areas[k]).empty()) continue;
            areas[std::min(i, k)] = areas[i] | areas[k];
            areas.erase(areas.begin() + static_cast<std::ptrdiff_t>(std::max(i, k)));
            // The merged rectangle may overlap rectangles that were compared before: start over.
            i = static_cast<std::size_t>(-1);
            break;
        }
    }
    return areas;
}

}  // namespace

struct MotionGate::Impl {
    MotionOptions options;
    cv::Size frame_size;
    int reduction = 1;       ///< width and height of a pixel of the grey copy, in frame pixels
    cv::Mat background;      ///< running mean of the grey copies, 32-bit float
    cv::Mat previous;        ///< the last grey copy
    cv::Mat moved_at;        ///< time of last motion in s, per pixel of the grey copy; 64-bit float
    double last_motion = 0;  ///< maximum of `moved_at`
    std::int64_t last_pts = 0;   ///< pts of the last frame
    std::int64_t last_full = 0;  ///< pts of the last frame that was searched as a whole

    /// Returns the reduced, blurred grey copy of a frame.
    [[nodiscard]] cv::Mat small_grey(const cv::Mat& frame) const;
    /// Forgets all previous frames and starts again with this frame.
    void start(const cv::Mat& grey, std::int64_t pts);
    /// Returns the mask of the pixels that have changed enough to count as motion.
    [[nodiscard]] cv::Mat motion_mask(const cv::Mat& grey) const;
    /// Sets `moved_at` to `now` in all connected parts of the mask with an area of about `min_area`
    /// frame pixels or more.
    void record_motion(cv::Mat mask, double now);
    /// Converts a rectangle of the grey copy to an area of the frame, with margin and minimum
    /// size.
    [[nodiscard]] cv::Rect to_frame_area(const cv::Rect& small) const;
    /// Returns the areas of the frame with motion within the last `linger` seconds. They do not
    /// overlap.
    [[nodiscard]] std::vector<cv::Rect> areas(double now) const;
};

cv::Mat MotionGate::Impl::small_grey(const cv::Mat& frame) const {
    cv::Mat grey;
    cv::resize(frame, grey,
               {(frame.cols + reduction - 1) / reduction, (frame.rows + reduction - 1) / reduction},
               0, 0, cv::INTER_AREA);
    cv::cvtColor(grey, grey, cv::COLOR_BGR2GRAY);
    cv::blur(grey, grey, {3, 3});
    return grey;
}

void MotionGate::Impl::start(const cv::Mat& grey, std::int64_t pts) {
    grey.convertTo(background, CV_32F);
    previous = grey;
    // A time long ago, because nothing has moved yet.
    last_motion = -1e18;
    moved_at = cv::Mat(grey.size(), CV_64F, cv::Scalar(last_motion));
    last_pts = pts;
    last_full = pts;
}

cv::Mat MotionGate::Impl::motion_mask(const cv::Mat& grey) const {
    // Two tests. The difference from the background detects slow motion, which changes little from
    // frame to frame. The difference from the previous frame has a lower threshold, so it also
    // detects fast motion that changes the grey levels only a little.
    cv::Mat current;
    grey.convertTo(current, CV_32F);
    cv::Mat difference = current - background;
    // Subtract the mean: when a camera adjusts its exposure, all pixels change by about the same
    // amount, and that is not motion.
    difference -= cv::mean(difference);
    cv::Mat mask = cv::abs(difference) > background_level;
    cv::Mat step;
    cv::subtract(grey, previous, step, cv::noArray(), CV_32F);
    step -= cv::mean(step);
    mask |= cv::abs(step) > frame_level;
    return mask;
}

void MotionGate::Impl::record_motion(cv::Mat mask, double now) {
    const int min_pixels = std::max(1, options.min_area / (reduction * reduction));
    // In most frames of a still scene, nothing moves. Return early, because finding the connected
    // parts takes longer than all previous steps.
    if (cv::countNonZero(mask) == 0) return;
    // A face that turns causes many small moving parts. Close the gaps between them, so that they
    // are not rejected one by one as too small.
    cv::morphologyEx(mask, mask, cv::MORPH_CLOSE,
                     cv::getStructuringElement(cv::MORPH_RECT, {5, 5}));
    cv::Mat labels;
    cv::Mat stats;
    cv::Mat centres;
    const int count = cv::connectedComponentsWithStats(mask, labels, stats, centres);
    for (int i = 1; i < count; ++i) {
        if (stats.at<int>(i, cv::CC_STAT_AREA) < min_pixels) continue;
        moved_at.setTo(now, labels == i);
        last_motion = now;
    }
}

cv::Rect MotionGate::Impl::to_frame_area(const cv::Rect& small) const {
    const int min_length = cvRound(min_side * std::min(frame_size.width, frame_size.height));
    const int more_x = std::max(options.margin, (min_length - small.width * reduction + 1) / 2);
    const int more_y = std::max(options.margin, (min_length - small.height * reduction + 1) / 2);
    const auto down = [](int value) { return std::max(value, 0) / grid * grid; };
    const auto up = [](int value) { return (value + grid - 1) / grid * grid; };
    const cv::Point from(down(small.x * reduction - more_x), down(small.y * reduction - more_y));
    const cv::Point to(up(small.br().x * reduction + more_x),
                       up(small.br().y * reduction + more_y));
    return cv::Rect(from, to) & cv::Rect({0, 0}, frame_size);
}

std::vector<cv::Rect> MotionGate::Impl::areas(double now) const {
    if (last_motion < now - options.linger) return {};
    const cv::Mat recent = moved_at >= now - options.linger;
    cv::Mat labels;
    cv::Mat stats;
    cv::Mat centres;
    const int count = cv::connectedComponentsWithStats(recent, labels, stats, centres);
    // Component 0 is the background of the mask.
    std::vector<cv::Rect> found;
    for (int i = 1; i < count; ++i) {
        const cv::Rect box(stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP),
                           stats.at<int>(i, cv::CC_STAT_WIDTH),
                           stats.at<int>(i, cv::CC_STAT_HEIGHT));
        found.push_back(to_frame_area(box));
    }
    return merge_overlapping(std::move(found));
}

MotionGate::MotionGate(const MotionOptions& options) : impl_(std::make_unique<Impl>()) {
    impl_->options = options;
}

MotionGate::~MotionGate() = default;
MotionGate::MotionGate(MotionGate&&) noexcept = default;
MotionGate& MotionGate::operator=(MotionGate&&) noexcept = default;

MotionResult MotionGate::process(const Image& image, std::int64_t pts) {
    Impl& self = *impl_;
    MotionResult result;
    const auto whole_frame = [&] {
        self.last_full = pts;
        result.full = true;
        result.areas = {Area{0, 0, image.width, image.height}};
        return result;
    };
    if (image.empty()) return result;
    return rethrow_opencv_errors("detecting motion", [&] {
        const cv::Mat frame = as_mat(image);
        const bool restart = self.frame_size != frame.size();
        if (restart) {
            self.frame_size = frame.size();
            self.reduction =
                std::max(1, (std::max(frame.cols, frame.rows) + max_grey_side - 1) / max_grey_side);
        }
        const cv::Mat grey = self.small_grey(frame);
        if (restart) {
            self.start(grey, pts);
            auto found = whole_frame();
            // Pretend that this search was earlier, so that the next search of the whole frame is
            // due sooner.
            self.last_full -=
                static_cast<std::int64_t>(self.options.phase * self.options.full_interval * 1e9);
            return found;
        }
        if (is_scene_cut(self.previous, grey)) {
            self.start(grey, pts);
            // Treat the whole new scene as moving: a face that is missed in its first frame can
            // still be found in the next `linger` seconds, whose frames are searched as a whole.
            self.last_motion = static_cast<double>(pts) * 1e-9;
            self.moved_at = self.last_motion;
            result.scene_cut = true;
            return whole_frame();
        }

        const double now = static_cast<double>(pts) * 1e-9;
        self.record_motion(self.motion_mask(grey), now);
        // Exponential average whose weight depends on the elapsed time, so that the background
        // adapts equally fast at any frame rate.
        const double elapsed = std::max(0.0, static_cast<double>(pts - self.last_pts) * 1e-9);
        cv::accumulateWeighted(grey, self.background, 1 - std::exp(-elapsed / settle_time));
        self.previous = grey;
        self.last_pts = pts;

        const double since_full = static_cast<double>(pts - self.last_full) * 1e-9;
        if (!self.options.enabled || since_full < 0 || since_full >= self.options.full_interval)
            return whole_frame();
        double covered = 0;
        const auto found = self.areas(now);
        for (const cv::Rect& area : found) covered += area.area();
        if (covered > max_covered * frame.cols * frame.rows) return whole_frame();
        for (const cv::Rect& area : found)
            result.areas.push_back({area.x, area.y, area.width, area.height});
        return result;
    });
}

Image copy_area(const Image& frame, const Area& area) {
    assert(area.x >= 0 && area.y >= 0 && area.x + area.width <= frame.width &&
           area.y + area.height <= frame.height);
    if (area == Area{0, 0, frame.width, frame.height}) return frame;
    return to_image(as_mat(frame)(cv::Rect(area.x, area.y, area.width, area.height)));
}

}  // namespace facebus::vision
