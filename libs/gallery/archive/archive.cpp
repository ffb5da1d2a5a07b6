#include "gallery/archive/archive.hpp"

#include <cmath>
#include <exception>

#include <nlohmann/json.hpp>

#include "crypto/base64.hpp"
#include "gallery/json_number.hpp"
#include "gallery/name.hpp"
#include "gallery/store/record.hpp"

namespace facebus::gallery {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t version = 2;

/// Decodes base64. If `text` is invalid, returns an empty string, which unpack() and check_photo()
/// reject.
std::string decode(const std::string& text) {
    return crypto::from_base64(text, text.size()).value_or("");
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
        if (to_count(json.at("facebus_gallery")) > version) {
            return fail(ErrorKind::unsupported,
                        "the archive was written by a later version of facebus; import it with "
                        "that version");
        }
        return ArchiveHeader{to_count(json.at("subjects")), to_count(json.at("samples"))};
    } catch (const std::exception&) {
        return fail(ErrorKind::malformed, "the file is not a gallery exported by facebus");
    }
}

std::string archive_line(const ArchivedSample& archived) {
    const auto& sample = archived.sample;
    Json json{
        {"subject", archived.subject},
        {"source", sample.source},
        {"model", sample.model_id},
        {"quality", sample.quality},
        {"created", sample.created},
        {"embedding", crypto::base64(pack(sample.embedding, dimensions_of(sample.model_id)))}};
    if (archived.ignored) json["ignored"] = true;
    // The format calls the photo "picture".
    if (!archived.photo.empty()) json["picture"] = crypto::base64(archived.photo);
    if (archived.further) {
        const auto& [model, vector] = *archived.further;
        json["next_model"] = model;
        json["next_embedding"] = crypto::base64(pack(vector, dimensions_of(model)));
    }
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<ArchivedSample> read_archive_line(std::string_view line) {
    ArchivedSample archived;
    std::string embedding;
    std::string further_model;
    std::string further_embedding;
    bool has_photo = false;
    // Archives come from users, so every value is checked: first the JSON types, then the content,
    // as for a record read from Redis.
    try {
        const auto json = Json::parse(line);
        archived.subject = json.at("subject").get<std::string>();
        archived.sample.source = json.at("source").get<std::string>();
        archived.sample.model_id = json.at("model").get<std::string>();
        // Converting a double that does not fit into a float is undefined behaviour. A quality
        // outside -1..1 therefore becomes -1. check_sample() rejects all negative qualities.
        const auto quality = json.at("quality").get<double>();
        archived.sample.quality = std::abs(quality) <= 1 ? static_cast<float>(quality) : -1.0F;
        archived.sample.created = static_cast<std::int64_t>(to_count(json.at("created")));
        embedding = decode(json.at("embedding").get<std::string>());
        archived.ignored = json.value("ignored", false);
        if (json.contains("next_model")) {
            further_model = json["next_model"].get<std::string>();
            further_embedding = decode(json.at("next_embedding").get<std::string>());
        }
        has_photo = json.contains("picture");
        if (has_photo) archived.photo = decode(json["picture"].get<std::string>());
    } catch (const std::exception&) {
        return fail(ErrorKind::malformed,
                    "the archive contains a line that is not a valid sample; export the gallery "
                    "again");
    }
    // Archives of earlier versions can contain names with invisible characters.
    auto name = clean_name(without_invisible(archived.subject));
    if (!name) return std::unexpected(std::move(name.error()));
    archived.subject = std::move(*name);
    auto unpacked = unpack(embedding, dimensions_of(archived.sample.model_id));
    if (!unpacked) return std::unexpected(std::move(unpacked.error()));
    archived.sample.embedding = *unpacked;
    if (auto good = check_sample(archived.sample); !good) {
        return std::unexpected(std::move(good.error()));
    }
    if (!further_model.empty()) {
        Sample further;
        further.model_id = further_model;
        unpacked = unpack(further_embedding, dimensions_of(further_model));
        if (!unpacked) return std::unexpected(std::move(unpacked.error()));
        further.embedding = *unpacked;
        if (auto good = check_sample(further); !good) {
            return std::unexpected(std::move(good.error()));
        }
        archived.further = {std::move(further_model), *unpacked};
    }
    if (has_photo) {
        if (auto good = check_photo(archived.photo); !good) {
            return std::unexpected(std::move(good.error()));
        }
    }
    return archived;
}

}  // namespace facebus::gallery
