#include "cli/evaluation/face_set.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/cache_folder.hpp"
#include "cli/gallery/enrol.hpp"
#include "cli/progress.hpp"
#include "vision/crop/align.hpp"
#include "vision/crop/crop_file.hpp"
#include "vision/crop/quality.hpp"
#include "vision/embed/embedder.hpp"
#include "vision/image/image_file.hpp"
#include "vision/network/threads.hpp"

namespace facebus::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// Identifies an image in the cache. If the size or the modification time of an image has changed,
/// the image is not found in the cache.
struct ImageKey {
    std::string file;           ///< path relative to the folder of the set
    std::uint64_t size = 0;     ///< in bytes
    std::int64_t modified = 0;  ///< modification time, in ns

    auto operator<=>(const ImageKey&) const = default;
};

ImageKey key_of(const fs::path& folder, const fs::path& file) {
    std::error_code failed;  // not checked: an unreadable file counts as an image without a face
    return {file.lexically_relative(folder).string(), fs::file_size(file, failed),
            fs::last_write_time(file, failed).time_since_epoch().count()};
}

/// Cache file: a sequence of CBOR records. The first record is the signature, which describes the
/// model and the detector settings. Each further record describes one image and is appended as soon
/// as the image is processed.
class Cache {
  public:
    Cache(const fs::path& file, const Json& signature) : file_(file) {
        if (!read(signature)) {
            faces_.clear();
            std::error_code failed;  // not checked: opening the file reports the error
            fs::create_directories(file.has_parent_path() ? file.parent_path() : ".", failed);
            out_.open(file, std::ios::binary | std::ios::trunc);
            append(signature);
        }
        if (!out_) {
            throw FatalError(
                Exit::unavailable,
                fmt::format("cannot write {}; choose another file with --cache", file.string()));
        }
    }

    /// Returns the cached face, or nullptr if the image is not in the cache. The face is empty if
    /// none was found in the image.
    [[nodiscard]] const std::optional<EmbeddedFace>* find(const ImageKey& key) const {
        const auto entry = faces_.find(key);
        return entry == faces_.end() ? nullptr : &entry->second;
    }

    void add(const ImageKey& key, const std::optional<EmbeddedFace>& face) {
        Json record{{"file", key.file}, {"size", key.size}, {"changed", key.modified}};
        if (face) {
            const auto& q = face->quality;
            record["quality"] = {q.eye_distance, q.sharpness, q.yaw, q.detector, q.overall};
            record["embedding"] = face->embedding;
        }
        append(record);
    }

  private:
    /// Reads the file. Truncates it at the start of the first damaged record. Returns false if the
    /// file cannot be read or does not begin with `signature`.
    bool read(const Json& signature) {
        std::ifstream in(file_, std::ios::binary);
        if (!in) return false;
        std::streamoff valid_bytes = 0;
        bool first = true;
        while (true) {
            const Json record = Json::from_cbor(in, false, false);
            if (record.is_discarded()) break;
            if (first && record != signature) return false;
            if (!first && !add_record(record)) break;
            first = false;
            valid_bytes = in.tellg();
        }
        if (first) return false;
        in.close();
        std::error_code failed;  // not checked: opening the file reports the error
        fs::resize_file(file_, static_cast<std::uintmax_t>(valid_bytes), failed);
        out_.open(file_, std::ios::binary | std::ios::app);
        return true;
    }

    /// Returns false if the record is damaged.
    bool add_record(const Json& record) {
        try {
            const ImageKey key{record.at("file"), record.at("size"), record.at("changed")};
            std::optional<EmbeddedFace> face;
            if (record.contains("embedding")) {
                const auto& q = record.at("quality");
                face = {.quality = {.eye_distance = q.at(0),
                                    .sharpness = q.at(1),
                                    .yaw = q.at(2),
                                    .detector = q.at(3),
                                    .overall = q.at(4)},
                        .embedding = record.at("embedding")};
            }
            faces_[key] = face;
            return true;
        } catch (const Json::exception&) {
            return false;
        }
    }

    void append(const Json& record) {
        Json::to_cbor(record, out_);
        out_.flush();
    }

    fs::path file_;
    std::ofstream out_;
    std::map<ImageKey, std::optional<EmbeddedFace>> faces_;
};

/// Returns the most prominent face, or nullptr if there is none; see read_face_set().
const vision::Detection* main_face(const Image& image, const std::vector<vision::Detection>& all) {
    const auto prominence = [&](const vision::Detection& face) {
        const auto centre = face.box.centre();
        const float dx = centre.x - static_cast<float>(image.width) / 2;
        const float dy = centre.y - static_cast<float>(image.height) / 2;
        return face.box.area() - 2 * (dx * dx + dy * dy);
    };
    const auto best = std::ranges::max_element(all, {}, prominence);
    return best == all.end() ? nullptr : &*best;
}

/// Detector and network that one thread uses.
class FaceEmbedder {
  public:
    explicit FaceEmbedder(const Context& context)
        : detector_(context.models, context.settings.detect),
          embedder_(context.models, context.settings.recognize.embedder) {}

    /// Returns the main face in an image file. Returns nothing if there is no face, or if the file
    /// cannot be read.
    std::optional<EmbeddedFace> embed_file(const fs::path& file) {
        // A file written by `facebus collect` is already a crop. Detecting the face in it again
        // would give a different crop.
        const auto collected = vision::read_crop(file);
        if (!collected) return std::nullopt;
        if (*collected) return embed_crop((*collected)->image, (*collected)->quality);
        const auto image = vision::read_image(file);
        if (!image) return std::nullopt;
        const auto faces = detector_.detect(*image);
        const auto* face = main_face(*image, faces);
        if (face == nullptr) return std::nullopt;
        const auto crop = vision::align(*image, *face);
        return embed_crop(crop, vision::assess(crop, *face));
    }

    [[nodiscard]] const std::string& model_id() const { return embedder_.model_id(); }
    [[nodiscard]] const vision::EngineInUse& engine() const { return embedder_.engine(); }

  private:
    EmbeddedFace embed_crop(const Image& crop, const Quality& quality) {
        return {quality, embedder_.embed({&crop, 1}).front()};
    }

    vision::FaceDetector detector_;
    vision::Embedder embedder_;
};

/// Returns the signature of a cache: the model, the engine and the detector settings, on which the
/// faces found in an image depend. Engines compute the same embeddings except for rounding errors,
/// but an evaluation of one engine must not use embeddings of another.
Json cache_signature(const Context& context, const FaceEmbedder& embedder) {
    auto options = context.settings.detect;
    Json detector;
    // keys_of() stores the current values of `options` as defaults: here, the configured values.
    for (const auto& key : service::keys_of("detect", options)) {
        const auto number = Json::parse(key.default_value, nullptr, false);
        detector.push_back(number.is_discarded() ? Json(key.default_value) : number);
    }
    const auto& engine = embedder.engine();
    return {{"facebus", "faces"},
            {"version", 2},
            {"model", embedder.model_id()},
            {"engine", engine.name + " " + engine.precision},
            {"detector", detector}};
}

}  // namespace

std::size_t FaceSet::people() const {
    std::set<std::string_view> names;
    for (const auto& image : images) names.insert(image.person);
    return names.size();
}

std::size_t FaceSet::without_face() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(images, [](const LabelledImage& image) { return !image.face; }));
}

FaceSet read_face_set(const Context& context, const fs::path& folder, fs::path cache_file) {
    const auto files = named_files({folder}, "");
    // Processing one image per core is faster than processing one image on all cores.
    vision::use_threads(1);
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    std::vector<FaceEmbedder> embedders;
    for (std::size_t i = 0; i < std::min(cores, files.size()); ++i) {
        embedders.emplace_back(context);
    }

    FaceSet set;
    set.model_id = embedders.front().model_id();
    const auto signature = cache_signature(context, embedders.front());
    if (cache_file.empty()) {
        const auto name = fs::weakly_canonical(folder).string() + signature.dump();
        cache_file = cache_folder() / "evaluate" /
                     fmt::format("{:016x}.faces", std::hash<std::string>()(name));
    }
    Cache cache(cache_file, signature);
    std::vector<ImageKey> keys;
    std::vector<std::size_t> missing;
    for (const auto& named : files) {
        keys.push_back(key_of(folder, named.file));
        const auto* cached = cache.find(keys.back());
        if (cached == nullptr) missing.push_back(set.images.size());
        set.images.push_back(
            {named.name, keys.back().file, cached != nullptr ? *cached : std::nullopt});
    }

    Progress progress("embedding", files.size());
    progress.advance(files.size() - missing.size());
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr failed;
    const auto work = [&](FaceEmbedder& embedder) {
        try {
            for (auto i = next++; i < missing.size() && !context.stop.requested(); i = next++) {
                const auto face = embedder.embed_file(files[missing[i]].file);
                const std::lock_guard lock(mutex);
                cache.add(keys[missing[i]], face);
                set.images[missing[i]].face = face;
                progress.advance();
            }
        } catch (...) {
            next = missing.size();
            const std::lock_guard lock(mutex);
            failed = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> threads;
        threads.reserve(embedders.size());
        for (auto& embedder : embedders) threads.emplace_back([&] { work(embedder); });
    }
    if (failed) std::rethrow_exception(failed);
    if (context.stop.requested()) {
        throw FatalError(
            Exit::interrupted,
            fmt::format(
                "interrupted; run the command again to continue; finished images are cached in {}",
                cache_file.string()));
    }
    return set;
}

}  // namespace facebus::cli
