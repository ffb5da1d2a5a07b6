#include "gateway/live/result_json.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "crypto/base64.hpp"
#include "gallery/id.hpp"
#include "results/latency.hpp"

namespace facebus::gateway {
namespace {

/// The ids that sample pictures are asked for by.
Json samples_json(const std::vector<std::string>& samples) {
    Json ids = Json::array();
    for (const auto& sample : samples) {
        if (gallery::valid_id(sample)) ids.push_back(gallery::to_uuid(sample));
    }
    return ids;
}

Json times_json(const wire::Identity& identity) {
    results::Latency latency;
    latency.add(identity);
    Json times = Json::object();
    for (const auto& stage : latency.quantiles()) {
        times[std::string(stage.stage)] = rounded(stage.p50);
    }
    return times;
}

}  // namespace

Json result_json(const LiveResult& result, const std::string& run) {
    const auto& identity = result.identity;
    Json json{{"id", fmt::format("{}-{}", run, result.number)},
              {"camera", identity.head.src},
              {"track", identity.track},
              {"time", iso8601(identity.head.ts)},
              {"decision", to_string(identity.decision)}};
    if (identity.subject) json["subject"] = *identity.subject;
    if (identity.similarity) json["similarity"] = rounded(*identity.similarity);
    json["threshold"] = rounded(identity.threshold);
    if (identity.probability) json["probability"] = rounded(*identity.probability);
    if (identity.margin) json["margin"] = rounded(*identity.margin);
    if (const auto& second = identity.runner_up) {
        json["runner_up"] = {{"subject", second->subject},
                             {"similarity", rounded(second->similarity)}};
    }
    if (identity.ignored.value_or(false)) json["ignored"] = true;
    if (identity.reason) json["reason"] = *identity.reason;
    json["probes"] = identity.probes;
    json["samples"] = samples_json(identity.samples);
    json["quality"] = rounded(identity.quality);
    json["model"] = identity.model;
    json["gallery"] = identity.gallery;
    json["milliseconds"] = times_json(identity);
    if (!result.picture.empty()) {
        json["crop"] = "data:image/jpeg;base64," + crypto::base64(result.picture);
    }
    return json;
}

}  // namespace facebus::gateway
