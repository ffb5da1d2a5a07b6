// Converts results to JSON for MQTT, webhooks, REST clients and the web page.
#pragma once

#include <string>

#include "json.hpp"
#include "wire/messages.hpp"

namespace facebus::results {

/// Returns the id of a result, "<run>-<number>". A result that is delivered again has the same id.
std::string result_id(const wire::Identity& identity);

enum class Detail {
    event,      ///< the keys listed in docs/mqtt-and-webhooks.md
    explained,  ///< also keys that explain the decision, and the latency per step
};

/// Returns a result as JSON. Equal results give equal JSON.
Json identity_json(const wire::Identity& identity, Detail detail);

}  // namespace facebus::results
