#include "vision/image/annotate.hpp"

#include <algorithm>
#include <cmath>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "vision/image/mat.hpp"
#include "vision/video/silence.hpp"

namespace facebus::vision {

namespace {

constexpr int font = cv::FONT_HERSHEY_SIMPLEX;

cv::Scalar colour(Tone tone) {
    switch (tone) {
        case Tone::known:
            return {72, 152, 34};
        case Tone::unknown:
            return {48, 48, 205};
        case Tone::undecided:
            break;
    }
    return {120, 112, 104};
}

/// Replaces each character by one '?' unless it is printable ASCII, which is all that OpenCV's font
/// contains.
std::string drawable(const std::string& text) {
    std::string ascii;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool continuation = (byte & 0xC0U) == 0x80U;
        if (continuation) continue;
        ascii += byte >= 0x20 && byte < 0x7F ? c : '?';
    }
    return ascii;
}

struct Text {
    std::string text;
    double scale = 1;
    int thickness = 1;
    cv::Size size;   ///< size in pixels, including the part below the baseline
    int ascent = 0;  ///< height above the baseline in pixels
};

/// Returns the text with its size.
Text measure(const std::string& text, double scale, int thickness) {
    Text out{drawable(text), scale, thickness, {}, 0};
    int below = 0;
    out.size = cv::getTextSize(out.text, font, scale, thickness, &below);
    out.ascent = out.size.height;
    out.size.height += below;
    return out;
}

/// Returns the text, shortened and ending in dots if it would be wider than `width` pixels.
Text fit_text(const std::string& text, double scale, int thickness, int width) {
    Text out = measure(text, scale, thickness);
    std::string part = out.text;
    while (out.size.width > width && !part.empty()) {
        part.pop_back();
        out = measure(part + "...", scale, thickness);
    }
    return out;
}

void draw(cv::Mat& on, const Text& text, cv::Point top_left, const cv::Scalar& ink) {
    cv::putText(on, text.text, {top_left.x, top_left.y + text.ascent}, font, text.scale, ink,
                text.thickness, cv::LINE_AA);
}

void draw_label(cv::Mat& frame, const Label& label) {
    // Sizes depend on the size of the frame, so that captions are readable in 4K and in 360p.
    const double unit = std::max(std::min(frame.cols, frame.rows * 16 / 9) / 1280.0, 0.4);
    const int line = std::max(1, cvRound(2.5 * unit));
    const cv::Scalar tone = colour(label.tone);
    const cv::Rect box(cvRound(label.box.x), cvRound(label.box.y), cvRound(label.box.width),
                       cvRound(label.box.height));
    cv::rectangle(frame, box, tone, line, cv::LINE_AA);
    if (label.text.empty()) return;
    const double scale = std::max(0.38, 0.7 * unit);
    const int pad = std::max(2, cvRound(5 * unit));
    const Text text = fit_text(label.text, scale, std::max(1, cvRound(1.6 * unit)),
                               std::max(1, frame.cols - 2 * pad));
    cv::Rect plate(box.x - line / 2, box.y - text.size.height - 2 * pad, text.size.width + 2 * pad,
                   text.size.height + 2 * pad);
    // Put the caption above the box if there is room, otherwise below it, and always inside the
    // frame.
    if (plate.y < 0) plate.y = box.br().y;
    plate.y = std::clamp(plate.y, 0, std::max(0, frame.rows - plate.height));
    plate.x = std::clamp(plate.x, 0, std::max(0, frame.cols - plate.width));
    cv::rectangle(frame, plate, tone, cv::FILLED);
    draw(frame, text, {plate.x + pad, plate.y + pad}, cv::Scalar::all(255));
}

/// Returns a square with the whole image, scaled to fit, on the background colour `background`.
cv::Mat fit_square(const Image& image, int side, const cv::Scalar& background) {
    cv::Mat square(side, side, CV_8UC3, background);
    if (image.empty()) return square;
    const double scale = static_cast<double>(side) / std::max(image.width, image.height);
    const cv::Size size(std::max(1, cvRound(image.width * scale)),
                        std::max(1, cvRound(image.height * scale)));
    cv::Mat scaled;
    cv::resize(as_mat(image), scaled, size, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
    scaled.copyTo(square(cv::Rect({(side - size.width) / 2, (side - size.height) / 2}, size)));
    return square;
}

}  // namespace

Image annotate(const Image& frame, std::span<const Label> labels) {
    return rethrow_opencv_errors("drawing", [&] {
        cv::Mat canvas = as_mat(frame).clone();
        for (const Label& label : labels) draw_label(canvas, label);
        return to_image(std::move(canvas));
    });
}

Image contact_sheet(const std::string& title, std::span<const SheetCell> cells) {
    constexpr int side = 160;
    constexpr int gap = 20;
    constexpr int strip = 5;         ///< height of the coloured strip below the image
    constexpr int text_height = 46;  ///< height of the two lines of text below the strip
    constexpr int head = 64;         ///< height of the title
    constexpr int cell_height = side + strip + text_height;
    const cv::Scalar background(250, 249, 248);
    const cv::Scalar ink(40, 36, 32);
    const cv::Scalar faint(125, 118, 110);
    const int count = static_cast<int>(cells.size());
    // Use at least 4 and at most 12 columns. Within these limits, the factor 2.2 makes the sheet
    // wider than high.
    const int columns = std::clamp(cvCeil(std::sqrt(2.2 * std::max(count, 1))), 4, 12);
    const int rows = std::max(1, (count + columns - 1) / columns);
    return rethrow_opencv_errors("drawing", [&] {
        cv::Mat sheet(head + rows * (cell_height + gap) + gap / 2, gap + columns * (side + gap),
                      CV_8UC3, background);
        draw(sheet, fit_text(title, 0.75, 2, sheet.cols - 2 * gap), {gap, gap + 2}, ink);
        for (int i = 0; i < count; ++i) {
            const SheetCell& cell = cells[static_cast<std::size_t>(i)];
            const cv::Point at(gap + i % columns * (side + gap),
                               head + i / columns * (cell_height + gap));
            fit_square(cell.image, side, {236, 234, 232})
                .copyTo(sheet(cv::Rect(at, cv::Size(side, side))));
            cv::rectangle(sheet, cv::Rect(at.x, at.y + side, side, strip), colour(cell.tone),
                          cv::FILLED);
            draw(sheet, fit_text(cell.caption, 0.48, 1, side), {at.x, at.y + side + strip + 8},
                 ink);
            draw(sheet, fit_text(cell.detail, 0.4, 1, side), {at.x, at.y + side + strip + 28},
                 faint);
        }
        return to_image(std::move(sheet));
    });
}

struct VideoWriter::Impl {
    cv::VideoWriter writer;
    cv::Size size;    ///< requested size
    cv::Size padded;  ///< requested size rounded up to even numbers, as encoders require
};

VideoWriter::VideoWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VideoWriter::~VideoWriter() = default;
VideoWriter::VideoWriter(VideoWriter&&) noexcept = default;
VideoWriter& VideoWriter::operator=(VideoWriter&&) noexcept = default;

Result<VideoWriter> VideoWriter::create(const std::filesystem::path& file, double frame_rate,
                                        int width, int height) {
    silence_opencv();
    if (width < 2 || height < 2 || !(frame_rate > 0))
        return fail(
            ErrorKind::unsupported,
            fmt::format("cannot write a video of {} x {} pixels at {} frames/s: width and height "
                        "must be at least 2 and the frame rate above 0",
                        width, height, frame_rate));
    auto impl = std::make_unique<Impl>();
    impl->size = {width, height};
    impl->padded = {(width + 1) / 2 * 2, (height + 1) / 2 * 2};
    try {
        // Prefer H.264: browsers can play it, but not MPEG-4 Part 2, which needs a video player.
        for (const int codec : {cv::VideoWriter::fourcc('a', 'v', 'c', '1'),
                                cv::VideoWriter::fourcc('m', 'p', '4', 'v')}) {
            if (impl->writer.open(file.string(), cv::CAP_FFMPEG, codec, frame_rate, impl->padded))
                return VideoWriter(std::move(impl));
        }
    } catch (const cv::Exception& exception) {
        return fail(ErrorKind::unavailable,
                    fmt::format("cannot write {}: {}", file.string(), reason(exception)));
    }
    return fail(
        ErrorKind::unavailable,
        fmt::format("cannot write {}: check that the folder exists and is writable, and that "
                    "FFmpeg has an encoder for H.264 or MPEG-4 Part 2",
                    file.string()));
}

void VideoWriter::write(const Image& frame) {
    if (frame.empty()) return;
    rethrow_opencv_errors("writing a video", [&] {
        cv::Mat mat = as_mat(frame);
        // The frame size of a source may change, but that of a video file cannot.
        if (mat.size() != impl_->size) cv::resize(mat, mat, impl_->size, 0, 0, cv::INTER_AREA);
        if (impl_->size != impl_->padded)
            cv::copyMakeBorder(mat, mat, 0, impl_->padded.height - mat.rows, 0,
                               impl_->padded.width - mat.cols, cv::BORDER_REPLICATE);
        impl_->writer.write(mat);
    });
}

}  // namespace facebus::vision
