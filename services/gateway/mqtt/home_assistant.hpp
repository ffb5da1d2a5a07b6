// What Home Assistant's MQTT discovery is told.
#pragma once

#include <map>
#include <string>

#include "gateway/mqtt/mqtt_topics.hpp"

namespace facebus::gateway {

/// Topic and payload of each entity.
using Discovery = std::map<std::string, std::string>;

/// Of a camera: whether somebody is there, how many, and who was seen last.
Discovery camera_discovery(const MqttTopics& topics, const std::string& camera);
/// Of a person: whether any camera sees them. The name is only ever a name, never part of a topic,
/// an id or a template.
Discovery person_discovery(const MqttTopics& topics, const std::string& subject_id,
                           const std::string& name);

}  // namespace facebus::gateway
