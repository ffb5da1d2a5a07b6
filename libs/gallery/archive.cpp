#include "gallery/archive.hpp"

#include <cmath>
#include <exception>

#include <nlohmann/json.hpp>
#include <sodium.h>

#include "gallery/json_number.hpp"
#include "gallery/record.hpp"
#include "gallery/text.hpp"

namespace facebus::gallery {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t version = 2;
constexpr int base64 = sodium_base64_VARIANT_ORIGINAL;

std::string encode(std::string_view bytes) {
    std::string text(sodium_base64_ENCODED_LEN(bytes.size(), base64), '\0');
    const void* raw = bytes.data();
    sodium_bin2base64(text.data(), text.size(), static_cast<const unsigned char*>(raw),
                      bytes.size(), base64);
    text.pop_back();  // the zero that ends it
    return text;
}

/// The bytes; empty if they are more than `most`, or the text is no base64.
std::string decode(const std::string& text, std::size_t most) {
    std::string bytes(most, '\0');
    std::size_t size = 0;
    void* raw = bytes.data();
    if (sodium_base642bin(static_cast<unsigned char*>(raw), bytes.size(), text.data(), text.size(),
                          nullptr, &size, nullptr, base64) != 0) {
        size = 0;
    }
    bytes.resize(size);
    return bytes;
}

}  // namespace

std::string archive_line(const ArchiveHeader& header) {
    const Json json{
        {"facebus_gallery", version}, {"subjects", header.subjects}, {"samples", header.samples}};
    return json.dump() + "\n";
}

Result<ArchiveHeader> read_archive_header(std::string_view line) {
    try {
        const auto json = Json::parse(line);
        if (whole_number(json.at("facebus_gallery")) > version) {
            return fail(ErrorKind::unsupported,
                        "the archive was written by a later version of facebus; use that one");
        }
        return ArchiveHeader{whole_number(json.at("subjects")), whole_number(json.at("samples"))};
    } catch (const std::exception&) {
        return fail(ErrorKind::malformed, "this is no gallery that facebus gallery export wrote");
    }
}

std::string archive_line(const ArchivedSample& archived) {
    const auto& sample = archived.sample;
    Json json{{"subject", archived.subject}, {"source", sample.source},
              {"model", sample.model_id},    {"quality", sample.quality},
              {"created", sample.created},   {"embedding", encode(pack(sample.embedding))}};
    if (archived.ignored) json["ignored"] = true;
    if (!archived.picture.empty()) json["picture"] = encode(archived.picture);
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<ArchivedSample> read_archive_line(std::string_view line) {
    ArchivedSample archived;
    std::string embedding;
    bool pictured = false;
    try {
        const auto json = Json::parse(line);
        archived.subject = json.at("subject").get<std::string>();
        archived.sample.source = json.at("source").get<std::string>();
        archived.sample.model_id = json.at("model").get<std::string>();
        const auto quality = json.at("quality").get<double>();
        archived.sample.quality = std::abs(quality) <= 1 ? static_cast<float>(quality) : -1.0F;
        archived.sample.created = static_cast<std::int64_t>(whole_number(json.at("created")));
        embedding = decode(json.at("embedding").get<std::string>(), packed_embedding_bytes);
        archived.ignored = json.value("ignored", false);
        pictured = json.contains("picture");
        if (pictured) {
            archived.picture = decode(json["picture"].get<std::string>(), max_picture_bytes);
        }
    } catch (const std::exception&) {
        return fail(ErrorKind::malformed, "a line is no sample");
    }
    auto name = clean_name(archived.subject);
    if (!name) return std::unexpected(std::move(name.error()));
    archived.subject = std::move(*name);
    auto unpacked = unpack(embedding);
    if (!unpacked) return std::unexpected(std::move(unpacked.error()));
    archived.sample.embedding = *unpacked;
    if (auto good = check_sample(archived.sample); !good) {
        return std::unexpected(std::move(good.error()));
    }
    if (pictured) {
        if (auto good = check_picture(archived.picture); !good) {
            return std::unexpected(std::move(good.error()));
        }
    }
    return archived;
}

}  // namespace facebus::gallery
