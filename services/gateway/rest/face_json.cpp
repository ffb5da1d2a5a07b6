#include "gateway/rest/face_json.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "gallery/id.hpp"
#include "results/decision.hpp"

namespace facebus::gateway {
namespace {

/// Rounds a coordinate and clamps it to the range 0 to `max`.
int inside(float value, int max) {
    return std::clamp(static_cast<int>(std::lround(value)), 0, max);
}

}  // namespace

Json face_json(const DetectedFaces& detected, const DetectedFace& face,
               const ImageOptions& options) {
    const auto& [box, landmarks, quality, crop] = face.sighting;
    Json json{{"box",
               {{"probability", rounded(quality.detector)},
                {"x_max", inside(box.x + box.width, detected.width)},
                {"y_max", inside(box.y + box.height, detected.height)},
                {"x_min", inside(box.x, detected.width)},
                {"y_min", inside(box.y, detected.height)}}},
              {"quality",
               {{"overall", rounded(quality.overall)},
                {"eye_distance", rounded(quality.eye_distance)},
                {"sharpness", rounded(quality.sharpness)},
                {"yaw", rounded(quality.yaw)}}}};
    if (options.landmarks) {
        Json points = Json::array();
        for (const auto& point : landmarks) {
            points.push_back({inside(point.x, detected.width), inside(point.y, detected.height)});
        }
        json["landmarks"] = std::move(points);
    }
    if (options.embedding && face.embedding) {
        json["embedding"] =
            std::vector(face.embedding->begin(),
                        face.embedding->begin() + static_cast<std::ptrdiff_t>(detected.dimensions));
    }
    if (options.status) {
        json["execution_time"] = {{"detector", rounded(detected.detector_ms)},
                                  {"calculator", rounded(detected.calculator_ms)}};
    }
    return json;
}

void add_recognised(Json& face, const RecognisedFace& recognised) {
    const auto& decision = recognised.decision;
    Json subjects = Json::array();
    Json candidates = Json::array();
    for (const auto& candidate : recognised.candidates) {
        Json named{{"subject", candidate.name}, {"similarity", rounded(candidate.similarity)}};
        if (decision.verdict == gallery::Verdict::known) subjects.push_back(named);
        Json samples = Json::array();
        for (const auto& sample : candidate.samples) samples.push_back(gallery::to_uuid(sample));
        named["samples"] = std::move(samples);
        candidates.push_back(std::move(named));
    }
    face["subjects"] = std::move(subjects);
    face["candidates"] = std::move(candidates);
    face["decision"] = to_string(results::to_decision(decision.verdict));
    if (!decision.reason.empty()) face["reason"] = decision.reason;
    if (decision.ignored) face["ignored"] = true;
    face["score"] = rounded(decision.score);
    face["score_threshold"] = rounded(decision.score_threshold);
    face["score_margin"] = rounded(decision.score_margin);
    face["similarity"] = rounded(decision.similarity);
    face["threshold"] = rounded(decision.threshold);
    face["margin"] = rounded(decision.margin);
    face["probability"] = rounded(decision.probability);
}

void add_comparison(Json& face, const Embedding& a, const Embedding& b,
                    const live_gallery::GalleryWatcher::View& view) {
    const auto cosine = similarity(a, b);
    const auto score = view.snapshot->space().score(a, b);
    const auto threshold = view.policy.pair_threshold;
    face["similarity"] = rounded(cosine);
    face["threshold"] = rounded(cosine + threshold - score);
    face["score"] = rounded(score);
    face["score_threshold"] = rounded(threshold);
    face["same"] = score >= threshold;
}

void add_versions(Json& body, const std::string& detector, const std::string& model_id,
                  const ImageOptions& options) {
    if (!options.status) return;
    body["plugins_versions"] = {{"detector", detector}, {"calculator", model_id}};
}

}  // namespace facebus::gateway
