// File format of a backup: gallery, history, calibration, and the files of settings and keys. The
// file can be encrypted as a whole; see crypto/sealed_file.hpp.
//
// Each line consists of the kind of a record, a space, and JSON. The first record is `backup`, with
// `version` (of this file format, now 1), `format` (of the data in Redis; see store/format.hpp) and
// `created` (ns UTC). It is followed by records of these kinds:
//
//   file     part of a file: `path`, `setting` (whose value is the path), `private` (whether only
//            its owner may read it), `offset`, and `content` in base64
//   calibration  the stored settings of calibration; keys as in Redis
//   adaptation  part of the stored adaptation to the cameras: `offset`, and `content` in base64
//   policy   thresholds for cosine similarities; only in backups of earlier versions, not restored
//   subject  `id`, `name`, `created`, `ignored`; its samples follow
//   sample   the id of the sample, a space, and the sample as in archive.hpp, with the id of its
//            subject in place of the name
//   result   entry of the history: `id`, `topic`, `header` in base64, `subject`, `track`
//   end      last line: `records` (number of all records before it) and `digest`, the SHA-256 of
//            all lines before it, computed line by line
//
// The layout in Redis can change without a change of this format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"
#include "crypto/sealed_file.hpp"
#include "gallery/decide/calibration.hpp"
#include "gallery/history/history.hpp"
#include "gallery/subject.hpp"

namespace facebus::gallery {

/// First record of a backup.
struct BackupHeader {
    std::int64_t format = 0;   ///< version of the data in Redis; see store/format.hpp
    std::int64_t created = 0;  ///< time of the backup, in ns UTC
};
/// Part of a file of settings or keys.
struct BackupFilePart {
    /// Maximum number of bytes in one part, so that a record fits into a line.
    static constexpr std::size_t max_bytes = 32'768;

    std::string path;     ///< absolute and normal
    std::string setting;  ///< setting that contains the path
    bool secret = false;  ///< only the owner may read the file
    std::uint64_t offset = 0;
    std::string content;
};
/// Part of the text of the stored adaptation; see gallery/score/adaptation.hpp.
struct BackupAdaptationPart {
    /// Maximum number of bytes in one part, so that a record fits into a line.
    static constexpr std::size_t max_bytes = 32'768;

    std::uint64_t offset = 0;
    std::string content;
};
/// Last record of a backup.
struct BackupEnd {
    std::uint64_t records = 0;
    std::string digest;
};
/// Policy that an earlier version stored; its thresholds are for cosine similarities.
struct OldPolicy {};

using BackupRecord =
    std::variant<BackupHeader, BackupFilePart, CalibrationOptions, OldPolicy, BackupAdaptationPart,
                 Subject, StoredSample, HistoryEntry, BackupEnd>;

/// Returns the record as a line, including the newline.
std::string backup_line(const BackupRecord& record);
/// Parses a line. Fails with `malformed` if the line is not a record or a value is invalid, and
/// with `unsupported` if it is a header of a later version.
Result<BackupRecord> read_backup_line(std::string_view line);

/// Writer of a backup. Not thread-safe. Errors: those of crypto::SealedWriter.
class BackupWriter {
  public:
    /// Opens the file and writes the header.
    static Result<BackupWriter> create(const std::filesystem::path& file,
                                       const std::string& passphrase, const BackupHeader& header);
    Result<void> write(const BackupRecord& record);
    /// Writes the end and replaces the file. Until then, an existing file is unchanged.
    Result<void> commit();

  private:
    explicit BackupWriter(crypto::SealedWriter out) : out_(std::move(out)) {}

    crypto::SealedWriter out_;
    std::uint64_t records_ = 0;
    std::string digest_;
};

/// Reader of a backup. Not thread-safe.
class BackupReader {
  public:
    /// Opens the file and reads the header. Errors: refused, if there is a passphrase but the file
    /// is not encrypted; those of crypto::SealedReader and read_backup_line().
    static Result<BackupReader> open(const std::filesystem::path& file,
                                     const std::string& passphrase);
    [[nodiscard]] const BackupHeader& header() const { return header_; }
    /// Returns the next record, or nothing after the last one. Fails with `malformed` if the file
    /// is truncated or was modified. A modification of an unencrypted file may be found only at
    /// its end. Also fails with the errors of crypto::SealedReader and read_backup_line().
    Result<std::optional<BackupRecord>> next();

  private:
    BackupReader(crypto::SealedReader in, std::string name)
        : in_(std::move(in)), name_(std::move(name)) {}
    [[nodiscard]] std::unexpected<Error> damaged() const;

    crypto::SealedReader in_;
    std::string name_;
    BackupHeader header_;
    std::string subject_;  ///< id of the last subject
    std::uint64_t records_ = 0;
    std::string digest_;
};

}  // namespace facebus::gallery
