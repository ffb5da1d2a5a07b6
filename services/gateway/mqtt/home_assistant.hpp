// Discovery messages for Home Assistant.
#pragma once

#include <map>
#include <string>

#include "gateway/mqtt/mqtt_topics.hpp"

namespace facebus::gateway {

/// Configuration payload of each entity, by topic.
using Discovery = std::map<std::string, std::string>;

/// Describes a camera: occupancy, number of people, last known person.
Discovery camera_discovery(const MqttTopics& topics, const std::string& camera);
/// Describes a person: whether any camera sees them. Names are arbitrary text, so `name` is only
/// used as a display name, never in a topic, an id or a template.
Discovery person_discovery(const MqttTopics& topics, const std::string& subject_id,
                           const std::string& name);

}  // namespace facebus::gateway
