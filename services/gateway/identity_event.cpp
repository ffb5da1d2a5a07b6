#include "gateway/identity_event.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"

namespace facebus::gateway {

std::string result_id(const wire::Identity& identity) {
    return fmt::format("{}-{}", identity.run.value_or("0"), identity.result);
}

Json identity_event(const wire::Identity& identity) {
    Json event{{"id", result_id(identity)},
               {"camera", identity.head.src},
               {"track", identity.track},
               {"time", iso8601(identity.head.ts)},
               {"decision", to_string(identity.decision)}};
    if (identity.subject_id) event["subject_id"] = *identity.subject_id;
    if (identity.subject) event["subject"] = *identity.subject;
    if (identity.similarity) event["similarity"] = rounded(*identity.similarity);
    if (identity.probability) event["probability"] = rounded(*identity.probability);
    event["threshold"] = rounded(identity.threshold);
    event["quality"] = rounded(identity.quality);
    event["faces"] = identity.probes;
    event["box"] = {{"x", rounded(identity.box.x)},
                    {"y", rounded(identity.box.y)},
                    {"width", rounded(identity.box.width)},
                    {"height", rounded(identity.box.height)}};
    if (identity.reason) event["reason"] = *identity.reason;
    return event;
}

}  // namespace facebus::gateway
