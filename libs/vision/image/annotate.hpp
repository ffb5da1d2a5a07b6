// Draws images for users: frames with boxes and names, contact sheets, annotated videos.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// Meaning of a colour: known is green, unknown is red, undecided is grey.
enum class Tone { known, unknown, undecided };

/// Box with a caption.
struct Label {
    Box box;
    std::string text;  ///< caption in UTF-8; each character that is not printable ASCII is drawn
                       ///< as '?'
    Tone tone = Tone::undecided;
};

/// Returns a copy of the frame on which all labels are drawn. Requires: the frame is not empty.
Image annotate(const Image& frame, std::span<const Label> labels);

/// Image on a contact sheet, with two lines of text.
struct SheetCell {
    Image image;  ///< image of any size, scaled to fit into a square
    std::string caption;
    std::string detail;
    Tone tone = Tone::undecided;
};

/// Returns a contact sheet: a title above rows of cells.
Image contact_sheet(const std::string& title, std::span<const SheetCell> cells);

/// Writes frames to an .mp4 file. Browsers can play it if FFmpeg has an encoder for H.264;
/// otherwise only video players can. Not thread-safe.
class VideoWriter {
  public:
    /// Creates the file. Errors: unsupported (invalid size or frame rate); unavailable (the file
    /// cannot be written, or no encoder is installed).
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
