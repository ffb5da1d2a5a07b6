#include "results/identity_json.hpp"

#include <concepts>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "gallery/id.hpp"
#include "results/latency.hpp"

namespace facebus::results {
namespace {

/// Adds the key to the JSON object if `value` is set.
template <class T>
void add(Json& json, const char* key, const std::optional<T>& value) {
    if (!value) return;
    if constexpr (std::floating_point<T>) {
        json[key] = rounded(*value);
    } else {
        json[key] = *value;
    }
}

Json candidate_json(const wire::Candidate& candidate) {
    return {{"subject_id", candidate.subject_id},
            {"subject", candidate.subject},
            {"similarity", rounded(candidate.similarity)}};
}

Json box_json(const Box& box) {
    return {{"x", rounded(box.x)},
            {"y", rounded(box.y)},
            {"width", rounded(box.width)},
            {"height", rounded(box.height)}};
}

/// Returns the ids of the samples as UUIDs, as the REST API writes them. Omits invalid ids.
Json samples_json(const std::vector<std::string>& samples) {
    Json ids = Json::array();
    for (const auto& sample : samples) {
        if (gallery::valid_id(sample)) ids.push_back(gallery::to_uuid(sample));
    }
    return ids;
}

/// Returns the duration of each step in milliseconds, in pipeline order, and then the total
/// latency. A step without a timestamp has the duration 0.
Json times_json(const wire::Identity& identity) {
    Latency latency;
    latency.add(identity);
    Json times = Json::object();
    for (const auto& step : latency.quantiles()) times[std::string(step.name)] = rounded(step.p50);
    return times;
}

}  // namespace

std::string result_id(const wire::Identity& identity) {
    return fmt::format("{}-{}", identity.run.value_or("0"), identity.result);
}

Json identity_json(const wire::Identity& identity, Detail detail) {
    Json json{{"id", result_id(identity)},
              {"camera", identity.head.src},
              {"track", identity.track},
              {"time", iso8601(identity.head.ts)},
              {"decision", to_string(identity.decision)}};
    add(json, "subject_id", identity.subject_id);
    add(json, "subject", identity.subject);
    add(json, "similarity", identity.similarity);
    add(json, "probability", identity.probability);
    json["threshold"] = rounded(identity.threshold);
    add(json, "score", identity.score);
    add(json, "score_threshold", identity.score_threshold);
    json["quality"] = rounded(identity.quality);
    json["faces"] = identity.probes;
    json["box"] = box_json(identity.box);
    add(json, "reason", identity.reason);
    if (identity.ignored.value_or(false)) json["ignored"] = true;
    if (identity.best) json["best"] = candidate_json(*identity.best);
    if (identity.runner_up && (identity.best || detail == Detail::explained)) {
        json["runner_up"] = candidate_json(*identity.runner_up);
    }
    if (detail == Detail::event) return json;

    add(json, "margin", identity.margin);
    add(json, "score_margin", identity.score_margin);
    json["probes"] = identity.probes;  // same as "faces"; see openapi.json
    json["samples"] = samples_json(identity.samples);
    json["model"] = identity.model;
    json["gallery"] = identity.gallery;
    json["milliseconds"] = times_json(identity);
    return json;
}

}  // namespace facebus::results
