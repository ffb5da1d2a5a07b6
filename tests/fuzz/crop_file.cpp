// Fuzzes the reader of aligned crop files.
#include "vision/crop/crop_file.hpp"

#include "scratch_file.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const fuzz::ScratchFile file(data, size);
    const auto crop = vision::read_crop(file.path());
    if (!crop || !*crop) return 0;
    fuzz::require((*crop)->image.pixels.size() == crop_bytes, "a crop has 160 x 160 pixels");
    fuzz::require((*crop)->quality.overall >= 0 && (*crop)->quality.overall <= 1,
                  "the quality is in range");
    return 0;
}
