// A gallery as lines of text: what `facebus gallery export` writes.
//
// Each line is a JSON object. The first says what it is: `facebus_gallery` (version, 2), `subjects`
// and `samples` (counts). Each other one is a sample: `subject` (name), `source`, `model`,
// `quality`, `created` (ns UTC) and `embedding` (512 little-endian 32-bit floats in base64); in
// version 2 also `ignored` (true), where the subject is never to be reported, and `picture` (a JPEG
// in base64), where one is kept.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::gallery {

struct ArchiveHeader {
    std::size_t subjects = 0;
    std::size_t samples = 0;
};

/// The first line, with its end.
std::string archive_line(const ArchiveHeader& header);
/// Malformed: no such line. Unsupported: of a later version.
Result<ArchiveHeader> read_archive_header(std::string_view line);

struct ArchivedSample {
    std::string subject;   ///< name
    bool ignored = false;  ///< the subject is
    Sample sample;         ///< without ids
    std::string photo;     ///< JPEG; empty: none
};

/// A line, with its end.
std::string archive_line(const ArchivedSample& archived);
/// Malformed: no such line, or a sample or picture that can't be stored. Refused: a bad name.
Result<ArchivedSample> read_archive_line(std::string_view line);

}  // namespace facebus::gallery
