// Images for people to look at: frames with boxes and names, contact sheets, annotated videos.
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
    std::string text;  ///< UTF-8; characters outside ASCII are drawn as '?'
    Tone tone = Tone::undecided;
};

/// Returns a copy of the frame with a box and a readable caption for every label.
Image annotate(const Image& frame, std::span<const Label> labels);

struct SheetCell {
    Image image;  ///< any size; fitted into a square
    std::string caption;
    std::string detail;
    Tone tone = Tone::undecided;
};

/// Returns a contact sheet: a title and rows of cells, each with two lines of text.
Image contact_sheet(const std::string& title, std::span<const SheetCell> cells);

/// Writes frames to an .mp4 file that browsers and players can play. Not thread-safe.
class VideoWriter {
  public:
    /// Creates the file. Errors: unsupported (invalid size or frame rate); unavailable (the file
    /// can't be written, or no encoder is installed).
    static Result<VideoWriter> create(const std::filesystem::path& file, double frame_rate,
                                      int width, int height);
    ~VideoWriter();
    VideoWriter(VideoWriter&&) noexcept;
    VideoWriter& operator=(VideoWriter&&) noexcept;

    /// Appends a frame, scaled to the size of the video if necessary. Ignores empty frames.
    void write(const Image& frame);

  private:
    struct Impl;
    explicit VideoWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::vision
