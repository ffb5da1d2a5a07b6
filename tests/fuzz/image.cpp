// Fuzzes the reader of image files, including the decoders of OpenCV.
#include "scratch_file.hpp"
#include "vision/image/image_file.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const fuzz::ScratchFile file(data, size);
    const auto image = vision::read_image(file.path());
    if (!image) return 0;
    fuzz::require(image->width > 0 && image->height > 0, "an image is not empty");
    fuzz::require(std::int64_t{image->width} * image->height <= vision::max_image_pixels,
                  "an image is within the size limit");
    fuzz::require(image->pixels.size() == static_cast<std::size_t>(image->width) *
                                              static_cast<std::size_t>(image->height) * channels,
                  "the number of bytes matches width and height");
    return 0;
}
