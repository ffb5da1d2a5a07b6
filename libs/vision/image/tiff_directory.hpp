// Private to libs/vision: reads the directory of a TIFF file or of EXIF data.
#pragma once

#include <cstdint>
#include <optional>

#include "vision/image/byte_reader.hpp"

namespace facebus::vision {

/// First directory of a TIFF file or of EXIF data, which has the same format.
struct TiffDirectory {
    std::uint64_t width = 0;        ///< in pixels; 0 if it is missing or its entry is invalid
    std::uint64_t height = 0;       ///< in pixels; 0 if it is missing or its entry is invalid
    int orientation = 1;            ///< 1 to 8
    std::uint64_t compression = 1;  ///< TIFF compression code; 0 if its entry is invalid
    /// Number of strips or tiles into which the image is divided; 0 if an entry is invalid.
    std::uint64_t pieces = 1;
    /// Total size of the data to which the entries refer. Bytes that several entries refer to are
    /// counted several times, so it can exceed the size of the file.
    std::uint64_t referenced_bytes = 0;
};

/// Returns the first directory, or nothing if `bytes` do not begin like a TIFF file.
std::optional<TiffDirectory> read_tiff_directory(ByteReader::Span bytes);

}  // namespace facebus::vision
