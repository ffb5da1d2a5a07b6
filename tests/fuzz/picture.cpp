// A whole picture file, through the decoders of OpenCV.
#include "scratch_file.hpp"
#include "vision/image/image_file.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const fuzz::ScratchFile file(data, size);
    const auto image = vision::read_image(file.path());
    if (!image) return 0;
    fuzz::require(image->width > 0 && image->height > 0, "a picture has a size");
    fuzz::require(std::int64_t{image->width} * image->height <= vision::max_image_pixels,
                  "no picture is larger than allowed");
    fuzz::require(image->pixels.size() == static_cast<std::size_t>(image->width) *
                                              static_cast<std::size_t>(image->height) * channels,
                  "a picture has all its pixels");
    return 0;
}
