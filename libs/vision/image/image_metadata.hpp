// Private to libs/vision: removes metadata from image files before they are decoded.
#pragma once

#include <vector>

namespace facebus::vision {

/// Removes metadata from a PNG or JPEG file, such as texts, colour profiles and EXIF data. Decoders
/// would spend time on it that grows with the square of the number of segments (libjpeg) or with
/// the size of compressed texts (libpng), and print warnings about it. Does nothing for other
/// formats. Takes linear time.
void drop_metadata(std::vector<unsigned char>& bytes);

}  // namespace facebus::vision
