#include "gallery/archive/backup.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "crypto/base64.hpp"
#include "crypto/digest.hpp"
#include "gallery/archive/archive.hpp"
#include "gallery/id.hpp"
#include "gallery/json_number.hpp"
#include "gallery/name.hpp"
#include "gallery/store/record.hpp"

namespace facebus::gallery {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t version = 1;

/// Returns base64-decoded bytes. Throws std::invalid_argument if the text is invalid.
std::string bytes_of(const Json& text) {
    const auto encoded = text.get<std::string>();
    auto bytes = crypto::from_base64(encoded, encoded.size());
    if (!bytes) throw std::invalid_argument("base64");
    return std::move(*bytes);
}

std::int64_t time_of(const Json& number) {
    return static_cast<std::int64_t>(to_count(number));
}

std::string line_of(std::string_view kind, const Json& json) {
    return fmt::format("{} {}\n", kind, json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string line(const BackupHeader& header) {
    return line_of("backup",
                   {{"version", version}, {"format", header.format}, {"created", header.created}});
}
std::string line(const BackupFilePart& part) {
    return line_of("file", {{"path", part.path},
                            {"setting", part.setting},
                            {"private", part.secret},
                            {"offset", part.offset},
                            {"content", crypto::base64(part.content)}});
}
std::string line(const CalibrationOptions& options) {
    const auto words = write_calibration(options);
    Json json;
    for (std::size_t i = 2; i + 1 < words.size(); i += 2) json[words[i]] = words[i + 1];
    return line_of("calibration", json);
}
std::string line(const BackupAdaptationPart& part) {
    return line_of("adaptation",
                   {{"offset", part.offset}, {"content", crypto::base64(part.content)}});
}
std::string line(const OldPolicy& /*policy*/) {
    return line_of("policy", Json::object());
}
std::string line(const Subject& subject) {
    return line_of("subject", {{"id", subject.id},
                               {"name", subject.name},
                               {"created", std::max<std::int64_t>(subject.created, 0)},
                               {"ignored", subject.ignored}});
}
std::string line(const StoredSample& stored) {
    return fmt::format("sample {} {}", stored.sample.id,
                       archive_line({.subject = stored.sample.subject_id,
                                     .sample = stored.sample,
                                     .photo = stored.photo,
                                     .further = stored.further}));
}
std::string line(const HistoryEntry& entry) {
    return line_of("result", {{"id", entry.id},
                              {"topic", entry.topic},
                              {"header", crypto::base64(entry.header)},
                              {"subject", entry.subject_id},
                              {"track", entry.track}});
}
std::string line(const BackupEnd& end) {
    return line_of("end", {{"records", end.records}, {"digest", end.digest}});
}

BackupFilePart read_file_part(const Json& json) {
    BackupFilePart part{.path = json.at("path"),
                        .setting = json.at("setting"),
                        .secret = json.at("private"),
                        .offset = to_count(json.at("offset")),
                        .content = bytes_of(json.at("content"))};
    // The path is appended to the folder of a restore, and must not lead out of it.
    const std::filesystem::path path(part.path);
    if (!path.is_absolute() || !path.has_filename() || path.lexically_normal() != path ||
        part.path.contains('\0')) {
        throw std::invalid_argument("path");
    }
    return part;
}

CalibrationOptions read_calibration_record(const Json& json) {
    const auto command = read_calibration();
    std::vector<Reply> values;
    for (std::size_t i = 2; i < command.size(); ++i) {
        values.push_back({json.at(command[i]).get<std::string>()});
    }
    const auto options = decode_calibration({std::move(values)});
    if (!options) throw std::invalid_argument("calibration");
    return *options;
}

Subject read_subject(const Json& json) {
    Subject subject{.id = json.at("id"),
                    .name = json.at("name"),
                    .created = time_of(json.at("created")),
                    .ignored = json.at("ignored")};
    if (!valid_id(subject.id) || !is_stored_name(subject.name)) {
        throw std::invalid_argument("subject");
    }
    return subject;
}

StoredSample read_sample_record(std::string_view text) {
    const auto space = text.find(' ');
    const auto id = text.substr(0, space);
    if (space == std::string_view::npos || !valid_id(id)) throw std::invalid_argument("sample");
    auto archived = read_archive_line(text.substr(space + 1));
    if (!archived || !valid_id(archived->subject)) throw std::invalid_argument("sample");
    archived->sample.id = id;
    archived->sample.subject_id = std::move(archived->subject);
    return {std::move(archived->sample), std::move(archived->photo), std::move(archived->further)};
}

HistoryEntry read_result(const Json& json) {
    HistoryEntry entry{.id = json.at("id"),
                       .topic = json.at("topic"),
                       .header = bytes_of(json.at("header")),
                       .subject_id = json.at("subject"),
                       .track = json.at("track")};
    if (!valid_stream_id(entry.id) || entry.topic.empty()) throw std::invalid_argument("result");
    return entry;
}

BackupRecord read_record(std::string_view kind, std::string_view text) {
    if (kind == "sample") return read_sample_record(text);
    const auto json = Json::parse(text);
    if (kind == "backup") {
        return BackupHeader{static_cast<std::int64_t>(to_count(json.at("format"))),
                            time_of(json.at("created"))};
    }
    if (kind == "file") return read_file_part(json);
    if (kind == "calibration") return read_calibration_record(json);
    if (kind == "adaptation") {
        return BackupAdaptationPart{to_count(json.at("offset")), bytes_of(json.at("content"))};
    }
    if (kind == "policy") return OldPolicy{};
    if (kind == "subject") return read_subject(json);
    if (kind == "result") return read_result(json);
    if (kind == "end") return BackupEnd{to_count(json.at("records")), json.at("digest")};
    throw std::invalid_argument("kind");
}

/// Returns the digest of all lines, given the digest of those before `line`.
std::string add_to_digest(const std::string& digest, std::string_view line) {
    return crypto::sha256(digest + std::string(line));
}

}  // namespace

std::string backup_line(const BackupRecord& record) {
    return std::visit([](const auto& value) { return line(value); }, record);
}

Result<BackupRecord> read_backup_line(std::string_view line) {
    const auto space = std::min(line.find(' '), line.size());
    const auto kind = line.substr(0, space);
    const auto text = line.substr(std::min(space + 1, line.size()));
    try {
        if (kind == "backup" && to_count(Json::parse(text).at("version")) > version) {
            return fail(ErrorKind::unsupported,
                        "the backup was written by a later version of facebus; restore it with "
                        "that version");
        }
        return read_record(kind, text);
    } catch (const std::exception&) {
        return fail(ErrorKind::malformed, "the backup contains a line that is not a valid record");
    }
}

Result<BackupWriter> BackupWriter::create(const std::filesystem::path& file,
                                          const std::string& passphrase,
                                          const BackupHeader& header) {
    auto out = crypto::SealedWriter::create(file, passphrase);
    if (!out) return std::unexpected(std::move(out.error()));
    BackupWriter writer(std::move(*out));
    if (auto written = writer.write(header); !written) return std::unexpected(written.error());
    return writer;
}

Result<void> BackupWriter::write(const BackupRecord& record) {
    const auto line = backup_line(record);
    ++records_;
    digest_ = add_to_digest(digest_, std::string_view(line).substr(0, line.size() - 1));
    return out_.write(line);
}

Result<void> BackupWriter::commit() {
    if (auto written = out_.write(line(BackupEnd{records_, digest_})); !written) return written;
    return out_.commit();
}

Result<BackupReader> BackupReader::open(const std::filesystem::path& file,
                                        const std::string& passphrase) {
    auto in = crypto::SealedReader::open(file, passphrase);
    if (!in) return std::unexpected(std::move(in.error()));
    if (!passphrase.empty() && !in->sealed()) {
        return fail(ErrorKind::refused,
                    fmt::format("{} is not encrypted, so it is not the backup that was encrypted "
                                "with this passphrase; if you trust the file, omit --passphrase",
                                file.string()));
    }
    BackupReader reader(std::move(*in), file.string());
    auto first = reader.next();
    if (!first) {
        if (first.error().kind != ErrorKind::malformed) return std::unexpected(first.error());
    } else if (first->has_value() && std::holds_alternative<BackupHeader>(**first)) {
        reader.header_ = std::get<BackupHeader>(**first);
        return reader;
    }
    return fail(ErrorKind::malformed,
                fmt::format("{} is not a backup written by `facebus backup`", file.string()));
}

std::unexpected<Error> BackupReader::damaged() const {
    return fail(ErrorKind::malformed,
                fmt::format("{} is damaged or truncated; use another backup", name_));
}

Result<std::optional<BackupRecord>> BackupReader::next() {
    const auto line = in_.line();
    if (!line) return std::unexpected(line.error());
    if (!*line) return damaged();
    auto record = read_backup_line(**line);
    if (!record) {
        if (record.error().kind == ErrorKind::malformed) return damaged();
        return std::unexpected(std::move(record.error()));
    }
    if (const auto* end = std::get_if<BackupEnd>(&*record)) {
        if (end->records != records_ || end->digest != digest_) return damaged();
        const auto rest = in_.line();
        if (!rest) return std::unexpected(rest.error());
        if (*rest) return damaged();
        return std::nullopt;
    }
    if (const auto* subject = std::get_if<Subject>(&*record)) subject_ = subject->id;
    if (const auto* stored = std::get_if<StoredSample>(&*record);
        stored != nullptr && stored->sample.subject_id != subject_) {
        return damaged();
    }
    ++records_;
    digest_ = add_to_digest(digest_, **line);
    return std::move(*record);
}

}  // namespace facebus::gallery
