#include "gateway/faces/face_stage.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"

namespace facebus::gateway {
namespace {

double milliseconds_since(Monotonic::time_point start) {
    return std::chrono::duration<double, std::milli>(Monotonic::now() - start).count();
}

// Maximum number of faces per image, the same as wire::max_faces. An image of 25 megapixels can
// show thousands of faces, and computing their embeddings would occupy the networks for minutes.
constexpr std::size_t max_faces = 256;

/// Returns the error for an image without a face. Its message begins with CompreFace's message for
/// this error, because clients may compare it.
std::unexpected<Fault> no_face(const std::string& hint) {
    return http_error(400, fault_code::no_face, "No face is found in the given image: " + hint);
}

/// Drops the faces with a detector score below `min_score`. Fails if there were faces, but none is
/// left.
HttpResult<void> drop_below(std::vector<vision::Sighting>& faces, float min_score) {
    const auto dropped =
        std::erase_if(faces, [&](const auto& face) { return face.quality.detector < min_score; });
    if (dropped == 0 || !faces.empty()) return {};
    return no_face("all detector scores are below det_prob_threshold; lower it");
}

}  // namespace

FaceStage::FaceStage(const std::filesystem::path& models, const vision::DetectorOptions& detector,
                     const enrolment::Options& rules, const vision::EmbedderOptions& embedder)
    : enroller_(models, detector, rules, embedder) {}

HttpResult<DetectedFaces> FaceStage::detect(const Image& image, const ImageOptions& options,
                                            bool embed) {
    DetectedFaces detected{
        .width = image.width, .height = image.height, .dimensions = dimensions_of(model_id())};
    const auto start = Monotonic::now();
    auto sightings = enroller_.sightings(image);
    detected.detector_ms = milliseconds_since(start);
    if (const auto kept = drop_below(sightings, options.min_score); !kept) {
        return std::unexpected(kept.error());
    }
    if (sightings.empty()) return no_face("send an image with a larger or clearer face");
    std::ranges::stable_sort(sightings, std::greater{},
                             [](const vision::Sighting& face) { return face.box.area(); });
    const auto limit = options.limit > 0 ? std::min(options.limit, max_faces) : max_faces;
    if (sightings.size() > limit) sightings.resize(limit);

    std::vector<Embedding> embeddings;
    if (embed || options.embedding) {
        std::vector<Image> crops;
        crops.reserve(sightings.size());
        for (const auto& sighting : sightings) crops.push_back(sighting.crop);
        const auto before = Monotonic::now();
        embeddings = enroller_.embed(crops);
        detected.calculator_ms = milliseconds_since(before);
    }
    for (std::size_t i = 0; i < sightings.size(); ++i) {
        detected.faces.push_back({std::move(sightings[i]), {}});
        if (!embeddings.empty()) detected.faces.back().embedding = embeddings[i];
    }
    return detected;
}

std::vector<RecognisedFace> FaceStage::recognise(const DetectedFaces& detected,
                                                 const ImageOptions& options,
                                                 const gallery::Snapshot& snapshot,
                                                 const gallery::Policy& policy) {
    std::vector<Embedding> embeddings;
    embeddings.reserve(detected.faces.size());
    for (const auto& face : detected.faces) embeddings.push_back(face.embedding.value());
    // The decision requires the two best candidates, even if the client requests only one.
    auto best = snapshot.best(embeddings, std::max<std::size_t>(options.predictions, 2));
    std::vector<RecognisedFace> all;
    for (std::size_t i = 0; i < best.size(); ++i) {
        const auto decision =
            decide_still({"", embeddings[i], detected.faces[i].sighting.quality.overall}, best[i],
                         snapshot.subjects(), policy);
        std::erase_if(best[i], [](const auto& candidate) { return candidate.ignored; });
        if (best[i].size() > options.predictions) best[i].resize(options.predictions);
        all.push_back({decision, std::move(best[i])});
    }
    return all;
}

HttpResult<enrolment::FaceSample> FaceStage::sample(const Image& image, float min_score,
                                                    const std::string& source) {
    auto sightings = enroller_.sightings(image);
    if (const auto kept = drop_below(sightings, min_score); !kept) {
        return std::unexpected(kept.error());
    }
    const auto faces = enrolment::prominent_faces(std::move(sightings), image.width, image.height);
    if (faces.size() != 1) {
        const auto error = enrolment::face_count_error(faces.size(), enroller_.rules());
        if (faces.empty()) return no_face(error.message);
        return http_error(400, fault_code::several_faces, error.message);
    }
    auto sample = enroller_.sample(faces.front().crop, faces.front().quality, source,
                                   enroller_.rules().refuse_poor);
    if (!sample) return std::unexpected(to_fault(sample.error(), fault_code::bad_image));
    return std::move(*sample);
}

}  // namespace facebus::gateway
