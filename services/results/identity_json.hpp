// Converts results to JSON for MQTT, webhooks, REST clients and the web page.
#pragma once

#include <string>

#include "json.hpp"
#include "wire/messages.hpp"

namespace facebus::results {

/// Returns the id of a result: "<run>-<number>". A repeated result has the same id.
std::string result_id(const wire::Identity& identity);

enum class Detail {
    event,      ///< for other programs; docs/mqtt-and-webhooks.md lists the keys
    explained,  ///< also the reasons for the decision, and the latency per step
};

/// Returns the JSON of a result. No other code names these keys. Equal results give equal JSON.
Json identity_json(const wire::Identity& identity, Detail detail);

}  // namespace facebus::results
