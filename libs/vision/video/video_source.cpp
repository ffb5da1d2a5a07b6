#include "vision/video/video_source.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "base/clock.hpp"
#include "vision/image/image_file.hpp"
#include "vision/image/mat.hpp"
#include "vision/video/silence.hpp"

namespace facebus::vision {

namespace {

constexpr double default_rate = 25;
// If the frame rate is unknown, containers report 0 or an implausibly high rate. Rates above this
// are ignored.
constexpr double max_rate = 1000;
constexpr int open_timeout_ms = 10'000;
constexpr int read_timeout_ms = 10'000;
// Maximum number of consecutive damaged frames to skip. If there are more, a file counts as ended,
// and a device or stream as failed.
constexpr int max_damaged = 5;

bool has_scheme(std::string_view source) {
    const auto at = source.find("://");
    return at != std::string_view::npos && at > 0 &&
           std::all_of(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(at),
                       [](unsigned char c) { return std::isalnum(c) != 0 || c == '+'; });
}

bool has_image_extension(const std::filesystem::path& file) {
    std::string extension = file.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::string_view known[] = {".jpg",  ".jpeg", ".png", ".bmp", ".webp", ".tif",
                                          ".tiff", ".ppm",  ".pgm", ".pbm", ".pnm"};
    return std::find(std::begin(known), std::end(known), extension) != std::end(known);
}

cv::Mat as_bgr(cv::Mat mat) {
    if (mat.type() == CV_8UC3) return mat;
    cv::Mat bgr;
    if (mat.depth() != CV_8U) mat.convertTo(mat, CV_8U, mat.depth() == CV_16U ? 1 / 256.0 : 1);
    cv::cvtColor(mat, bgr, mat.channels() == 4 ? cv::COLOR_BGRA2BGR : cv::COLOR_GRAY2BGR);
    return bgr;
}

}  // namespace

struct VideoSource::Impl {
    std::string source;
    SourceKind kind{};
    double rate = default_rate;  ///< frames per second
    std::int64_t count = 0;      ///< number of frames, or 0 if unknown
    cv::VideoCapture capture;
    std::vector<std::filesystem::path> images;  ///< images of a folder, sorted by name
    std::optional<cv::Mat> first;  ///< frame that open_capture() read to check the source
    std::int64_t next = 0;         ///< index of the next image of a folder
    std::int64_t last_pts = -1;    ///< pts of the last frame, or -1; not used for a folder
    Monotonic::time_point start;   ///< time when the source was opened; not used for a folder

    Result<void> open_folder();
    Result<void> open_capture();
    /// Decodes the next frame. Skips up to max_damaged damaged frames in a row. Returns nothing at
    /// the end, or if more frames in a row are damaged.
    std::optional<cv::Mat> decode();
    Result<std::optional<VideoFrame>> read_image_file();
    Result<std::optional<VideoFrame>> read_capture();
    /// Computes the pts of the frame that was decoded last.
    std::int64_t compute_pts();
};

Result<void> VideoSource::Impl::open_folder() {
    std::error_code failed;
    for (std::filesystem::directory_iterator entry(source, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        if (has_image_extension(entry->path()) && entry->path().filename().string().front() != '.')
            images.push_back(entry->path());
    }
    if (failed)
        return fail(ErrorKind::unavailable,
                    fmt::format("cannot read folder {}: {}", source, failed.message()));
    if (images.empty())
        return fail(
            ErrorKind::unsupported,
            fmt::format("folder {} contains no images; use one with .jpg or .png files", source));
    std::sort(images.begin(), images.end());
    count = static_cast<std::int64_t>(images.size());
    return {};
}

Result<void> VideoSource::Impl::open_capture() {
    const std::string name = without_credentials(source);
    const bool local = kind == SourceKind::file || kind == SourceKind::device;
    std::error_code failed;
    if (local && !std::filesystem::exists(source, failed))
        return fail(ErrorKind::unavailable, fmt::format("{} does not exist; check the name", name));
    if (kind == SourceKind::device) {
        capture.open(source, cv::CAP_V4L2);
        // Keep the driver's queue short, because queued frames only add latency.
        if (capture.isOpened()) capture.set(cv::CAP_PROP_BUFFERSIZE, 1);
    } else {
        std::vector<int> settings;
        if (kind == SourceKind::stream)
            settings = {cv::CAP_PROP_OPEN_TIMEOUT_MSEC, open_timeout_ms,
                        cv::CAP_PROP_READ_TIMEOUT_MSEC, read_timeout_ms};
        capture.open(source, cv::CAP_FFMPEG, settings);
    }
    if (!capture.isOpened()) {
        if (kind == SourceKind::file)
            return fail(
                ErrorKind::unsupported,
                fmt::format(
                    "{} cannot be read as a video; play it with ffplay to see what is wrong",
                    name));
        return fail(
            ErrorKind::unavailable,
            fmt::format("{} cannot be opened; check that it is available and that you have access",
                        name));
    }
    if (kind != SourceKind::device) capture.set(cv::CAP_PROP_ORIENTATION_AUTO, 1);
    const double reported = capture.get(cv::CAP_PROP_FPS);
    if (reported > 0 && reported <= max_rate) rate = reported;
    const double frames = capture.get(cv::CAP_PROP_FRAME_COUNT);
    if (kind == SourceKind::file && frames > 0 && frames < 1e12)
        count = static_cast<std::int64_t>(frames);
    first = decode();
    if (!first) {
        const auto error_kind =
            kind == SourceKind::file ? ErrorKind::unsupported : ErrorKind::unavailable;
        return fail(
            error_kind,
            fmt::format("{} has no readable video frame; play it with ffplay to see what is wrong",
                        name));
    }
    start = Monotonic::now();
    return {};
}

std::optional<cv::Mat> VideoSource::Impl::decode() {
    for (int damaged = 0; damaged <= max_damaged && capture.grab(); ++damaged) {
        cv::Mat mat;
        if (capture.retrieve(mat) && !mat.empty()) return as_bgr(std::move(mat));
    }
    return std::nullopt;
}

std::int64_t VideoSource::Impl::compute_pts() {
    std::int64_t pts = 0;
    // The clock of a device may jump, so its frames get the time of their arrival. For other
    // sources, use the timestamps of the container if they are plausible.
    if (kind == SourceKind::device) {
        pts = std::chrono::nanoseconds(Monotonic::now() - start).count();
    } else {
        const double reported = capture.get(cv::CAP_PROP_POS_MSEC);
        if (reported > 0 && reported < 1e12) pts = static_cast<std::int64_t>(reported * 1e6);
    }
    // If the timestamp has not increased, use the last one plus one frame period.
    const auto period = static_cast<std::int64_t>(1e9 / rate);
    if (last_pts >= 0 && pts <= last_pts) pts = last_pts + period;
    last_pts = pts;
    return pts;
}

Result<std::optional<VideoFrame>> VideoSource::Impl::read_image_file() {
    if (next >= count) return std::nullopt;
    auto image = read_image(images[static_cast<std::size_t>(next)]);
    const auto pts = static_cast<std::int64_t>(static_cast<double>(next) * 1e9 / rate);
    ++next;
    if (!image) return std::unexpected(image.error());
    return VideoFrame{std::move(*image), pts};
}

Result<std::optional<VideoFrame>> VideoSource::Impl::read_capture() {
    std::optional<cv::Mat> mat = first ? std::exchange(first, std::nullopt) : decode();
    if (mat) {
        const std::int64_t pts = compute_pts();
        return VideoFrame{to_image(std::move(*mat)), pts};
    }
    if (kind == SourceKind::file) return std::nullopt;
    return fail(ErrorKind::unavailable,
                fmt::format("{} stopped delivering frames", without_credentials(source)));
}

VideoSource::VideoSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VideoSource::~VideoSource() = default;
VideoSource::VideoSource(VideoSource&&) noexcept = default;
VideoSource& VideoSource::operator=(VideoSource&&) noexcept = default;

Result<VideoSource> VideoSource::open(const std::string& source) {
    silence_opencv();
    auto impl = std::make_unique<Impl>();
    impl->source = source;
    impl->kind = source_kind(source);
    try {
        auto opened = impl->kind == SourceKind::folder ? impl->open_folder() : impl->open_capture();
        if (!opened) return std::unexpected(std::move(opened.error()));
    } catch (const cv::Exception& exception) {
        return fail(ErrorKind::unavailable,
                    fmt::format("{}: {}", without_credentials(source), reason(exception)));
    }
    return VideoSource(std::move(impl));
}

Result<std::optional<VideoFrame>> VideoSource::read() {
    try {
        return impl_->kind == SourceKind::folder ? impl_->read_image_file() : impl_->read_capture();
    } catch (const cv::Exception& exception) {
        return fail(ErrorKind::unavailable,
                    fmt::format("{}: {}", without_credentials(impl_->source), reason(exception)));
    }
}

double VideoSource::frame_rate() const {
    return impl_->rate;
}
std::int64_t VideoSource::frame_count() const {
    return impl_->count;
}

SourceKind source_kind(const std::string& source) {
    if (source.starts_with("/dev/")) return SourceKind::device;
    if (has_scheme(source)) return SourceKind::stream;
    std::error_code failed;
    return std::filesystem::is_directory(source, failed) ? SourceKind::folder : SourceKind::file;
}

std::string without_credentials(const std::string& source) {
    if (!has_scheme(source)) return source;
    const auto host = source.find("://") + 3;
    const auto path = source.find_first_of("/?#", host);
    // Search for the last @ before the path, because a password may contain an @, too.
    const auto at = source.substr(0, path).rfind('@');
    if (at == std::string::npos || at < host) return source;
    return source.substr(0, host) + source.substr(at + 1);
}

}  // namespace facebus::vision
