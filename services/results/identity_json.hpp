// A result in JSON: for MQTT, webhooks, REST clients and the web page.
#pragma once

#include <string>

#include "json.hpp"
#include "wire/messages.hpp"

namespace facebus::results {

/// Returns what identifies a result, however often it arrives: "<run>-<number>".
std::string result_id(const wire::Identity& identity);

enum class Detail {
    event,      ///< what other programs receive; docs/mqtt-and-webhooks.md lists the keys
    explained,  ///< and why it was decided so, and where its time went
};

/// The only place that names the JSON keys of a result. The same result gives the same text.
Json identity_json(const wire::Identity& identity, Detail detail);

}  // namespace facebus::results
