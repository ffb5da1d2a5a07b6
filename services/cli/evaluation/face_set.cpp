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

/// Identifies an image in the cache. Size and modification time show whether it has changed.
struct ImageKey {
    std::string file;
    std::uint64_t size = 0;
    std::int64_t changed = 0;

    auto operator<=>(const ImageKey&) const = default;
};

ImageKey key_of(const fs::path& folder, const fs::path& file) {
    return {fs::relative(file, folder).string(), fs::file_size(file),
            fs::last_write_time(file).time_since_epoch().count()};
}

/// File of CBOR records. The first describes the model and the detector settings. Then there is one
/// per image, appended as soon as it is embedded.
class Cache {
  public:
    Cache(const fs::path& file, const Json& made_by) : file_(file) {
        if (!read(made_by)) {
            faces_.clear();
            std::error_code failed;  // not checked: opening the file reports the error
            fs::create_directories(file.has_parent_path() ? file.parent_path() : ".", failed);
            out_.open(file, std::ios::binary | std::ios::trunc);
            append(made_by);
        }
        if (!out_) {
            throw FatalError(
                Exit::unavailable,
                fmt::format("cannot write {}; choose another file with --cache", file.string()));
        }
    }

    [[nodiscard]] const std::optional<LabelledFace::Found>* find(const ImageKey& key) const {
        const auto found = faces_.find(key);
        return found == faces_.end() ? nullptr : &found->second;
    }

    void add(const ImageKey& key, const std::optional<LabelledFace::Found>& face) {
        Json record{{"file", key.file}, {"size", key.size}, {"changed", key.changed}};
        if (face) {
            const auto& q = face->quality;
            record["quality"] = {q.eye_distance, q.sharpness, q.yaw, q.detector, q.overall};
            record["embedding"] = face->embedding;
        }
        append(record);
    }

  private:
    /// Returns false if the file does not exist or was made by another model or other settings. The
    /// file is truncated before the first damaged record.
    bool read(const Json& made_by) {
        std::ifstream in(file_, std::ios::binary);
        if (!in) return false;
        std::streamoff whole = 0;
        bool first = true;
        while (true) {
            const Json record = Json::from_cbor(in, false, false);
            if (record.is_discarded()) break;
            if (first && record != made_by) return false;
            if (!first && !take(record)) break;
            first = false;
            whole = in.tellg();
        }
        if (first) return false;
        in.close();
        fs::resize_file(file_, static_cast<std::uintmax_t>(whole));
        out_.open(file_, std::ios::binary | std::ios::app);
        return true;
    }

    bool take(const Json& record) {
        try {
            const ImageKey key{record.at("file"), record.at("size"), record.at("changed")};
            std::optional<LabelledFace::Found> face;
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
    std::map<ImageKey, std::optional<LabelledFace::Found>> faces_;
};

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

/// Detector and network of one thread.
class Worker {
  public:
    explicit Worker(const Context& context)
        : detector_(context.models, context.settings.detect), embedder_(context.models) {}

    std::optional<LabelledFace::Found> find(const fs::path& file) {
        // A file of `facebus collect` is already a crop. Detecting the face in it again would give
        // a different crop.
        const auto marked = vision::read_crop(file);
        if (!marked) return std::nullopt;
        if (*marked) return found((*marked)->image, (*marked)->quality);
        const auto image = vision::read_image(file);
        if (!image) return std::nullopt;
        const auto faces = detector_.detect(*image);
        const auto* face = main_face(*image, faces);
        if (face == nullptr) return std::nullopt;
        const auto crop = vision::align(*image, *face);
        return found(crop, vision::assess(crop, *face));
    }

    [[nodiscard]] const std::string& model_id() const { return embedder_.model_id(); }

  private:
    LabelledFace::Found found(const Image& crop, const Quality& quality) {
        return {quality, embedder_.embed({&crop, 1}).front()};
    }

    vision::FaceDetector detector_;
    vision::Embedder embedder_;
};

/// Returns everything that the faces found in an image depend on: the model and the detector
/// settings.
Json maker(const Context& context, const std::string& model_id) {
    auto options = context.settings.detect;
    Json detector;
    for (const auto& key : service::keys_of("detect", options)) {
        const auto number = Json::parse(key.default_value, nullptr, false);
        detector.push_back(number.is_discarded() ? Json(key.default_value) : number);
    }
    return {{"facebus", "faces"}, {"version", 1}, {"model", model_id}, {"detector", detector}};
}

}  // namespace

std::size_t FaceSet::people() const {
    std::set<std::string_view> names;
    for (const auto& face : faces) names.insert(face.person);
    return names.size();
}

std::size_t FaceSet::without_face() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(faces, [](const LabelledFace& face) { return !face.found; }));
}

FaceSet read_face_set(const Context& context, const fs::path& folder, fs::path cache_file) {
    const auto files = named_files({folder}, "");
    vision::use_threads(1);  // one image per core is faster than one image on all cores
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    std::vector<Worker> workers;
    for (std::size_t i = 0; i < std::min(cores, files.size()); ++i) workers.emplace_back(context);

    FaceSet set;
    set.model_id = workers.front().model_id();
    const auto made_by = maker(context, set.model_id);
    if (cache_file.empty()) {
        const auto name = fs::weakly_canonical(folder).string() + made_by.dump();
        cache_file = cache_folder() / "evaluate" /
                     fmt::format("{:016x}.faces", std::hash<std::string>()(name));
    }
    Cache cache(cache_file, made_by);
    std::vector<ImageKey> keys;
    std::vector<std::size_t> missing;
    for (const auto& named : files) {
        keys.push_back(key_of(folder, named.file));
        const auto* known = cache.find(keys.back());
        if (known == nullptr) missing.push_back(set.faces.size());
        set.faces.push_back(
            {named.name, keys.back().file, known != nullptr ? *known : std::nullopt});
    }

    Progress progress("embedding", files.size());
    progress.advance(files.size() - missing.size());
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr failed;
    const auto work = [&](Worker& worker) {
        try {
            for (auto i = next++; i < missing.size() && !context.stop.requested(); i = next++) {
                const auto found = worker.find(files[missing[i]].file);
                const std::lock_guard lock(mutex);
                cache.add(keys[missing[i]], found);
                set.faces[missing[i]].found = found;
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
        threads.reserve(workers.size());
        for (auto& worker : workers) threads.emplace_back([&] { work(worker); });
    }
    if (failed) std::rethrow_exception(failed);
    if (context.stop.requested()) {
        throw FatalError(Exit::interrupted, fmt::format("stopped; run it again to continue ({})",
                                                        cache_file.string()));
    }
    return set;
}

}  // namespace facebus::cli
