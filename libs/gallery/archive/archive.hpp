// Archive of a gallery as lines of text, written by `facebus gallery export`.
//
// Each line is a JSON object. The first is the header: `facebus_gallery` (version, 2), `subjects`
// and `samples` (counts). Every other line is a sample: `subject` (name), `source`, `model`,
// `quality`, `created` (ns UTC) and `embedding` (512 little-endian 32-bit floats in base64). Since
// version 2 a sample can also have `ignored` (true, if the subject is ignored) and `picture` (its
// photo, a JPEG in base64).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::gallery {

/// First line of an archive.
struct ArchiveHeader {
    std::size_t subjects = 0;
    std::size_t samples = 0;
};

/// Returns the header as a line, including the newline.
std::string archive_line(const ArchiveHeader& header);
/// Parses the header. Fails with `malformed` if the line is not one, and with `unsupported` if a
/// later version of facebus wrote it.
Result<ArchiveHeader> read_archive_header(std::string_view line);

/// A sample with what the archive stores of its subject.
struct ArchivedSample {
    std::string subject;   ///< name of the subject
    bool ignored = false;  ///< whether the subject is ignored
    Sample sample;         ///< without ids
    std::string photo;     ///< JPEG; empty: none
};

/// Returns the sample as a line, including the newline.
std::string archive_line(const ArchivedSample& archived);
/// Parses a sample. Fails with `malformed` if the line is not one, with `refused` if the name is
/// invalid, and as check_sample() and check_photo() do.
Result<ArchivedSample> read_archive_line(std::string_view line);

}  // namespace facebus::gallery
