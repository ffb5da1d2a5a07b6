// Pictures for people: boxes and names on frames, sheets of crops, an annotated video.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

enum class Tone { known, unknown, undecided };  ///< green, red, grey

struct Label {
    Box box;
    std::string text;  ///< UTF-8; characters the font lacks are shown as '?'
    Tone tone = Tone::undecided;
};

/// The frame with a box and a readable caption for every label.
Image annotate(const Image& frame, std::span<const Label> labels);

struct SheetCell {
    Image picture;  ///< any size; shown as a square
    std::string caption;
    std::string detail;
    Tone tone = Tone::undecided;
};

/// A contact sheet: a title, then the cells in rows, each with its two lines of text.
Image contact_sheet(const std::string& title, std::span<const SheetCell> cells);

/// Writes frames to a video file that browsers and players show (.mp4).
class VideoWriter {
  public:
    /// Error (unavailable) if the file can't be written or no encoder is there.
    static Result<VideoWriter> create(const std::filesystem::path& file, double frame_rate,
                                      int width, int height);
    ~VideoWriter();
    VideoWriter(VideoWriter&&) noexcept;
    VideoWriter& operator=(VideoWriter&&) noexcept;

    void write(const Image& frame);

  private:
    struct Impl;
    explicit VideoWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::vision
