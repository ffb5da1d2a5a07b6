// Fuzzes the parser of image headers.
#include "vision/image/image_header.hpp"

#include "fuzz.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto header = vision::read_image_header({data, size});
    if (!header) return 0;
    fuzz::require(header->orientation >= 1 && header->orientation <= 8, "the orientation is valid");
    return 0;
}
