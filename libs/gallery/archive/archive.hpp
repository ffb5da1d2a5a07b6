// Text format of an exported gallery. The file can be encrypted as a whole; see
// crypto/sealed_file.hpp.
//
// Each line is a JSON object. The first line is the header: `facebus_gallery` (format version, now
// 2), `subjects` and `samples` (number of each in the gallery when the export began). Every further
// line is a sample: `subject` (name), `source`, `model`, `quality`, `created` (ns UTC) and
// `embedding` (little-endian 32-bit floats in base64: of FaceNet 512, of SFace 128). Since version
// 2 a sample can also have `ignored` (true if the subject is ignored) and `picture` (the photo of
// the sample, a JPEG in base64). In a backup, a sample of a gallery that moves to another model
// also has `next_model` and `next_embedding`; an export does not contain them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::gallery {

/// First line of an archive: the numbers of subjects and samples when the export began.
struct ArchiveHeader {
    std::size_t subjects = 0;
    std::size_t samples = 0;
};

/// Returns the header as a line, including the newline.
std::string archive_line(const ArchiveHeader& header);
/// Parses the header line. Fails with `malformed` if the line is not a header, and with
/// `unsupported` if its format version is above 2.
Result<ArchiveHeader> read_archive_header(std::string_view line);

/// A sample in an archive, with the name of its subject, the `ignored` mark, the photo and the
/// further embedding.
struct ArchivedSample {
    std::string subject;   ///< name of the subject
    bool ignored = false;  ///< whether the subject is ignored
    Sample sample;         ///< the sample; `id` and `subject_id` are not archived
    std::string photo;     ///< JPEG; empty: no photo
    std::optional<FurtherEmbedding> further{};
};

/// Returns the sample as a line, including the newline.
std::string archive_line(const ArchivedSample& archived);
/// Parses a sample line. Fails with `malformed` if the line is not a sample, with `refused` if the
/// name is invalid, and with the errors of check_sample() and check_photo().
Result<ArchivedSample> read_archive_line(std::string_view line);

}  // namespace facebus::gallery
