// A result as it goes out of the house: over MQTT and webhooks.
#pragma once

#include <string>

#include "gateway/json.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

/// What a result is known by, however often it comes: "<run>-<number>".
std::string result_id(const wire::Identity& identity);

/// The result in JSON; docs/mqtt-and-webhooks.md lists the keys. The same result gives the same
/// text.
Json identity_event(const wire::Identity& identity);

}  // namespace facebus::gateway
