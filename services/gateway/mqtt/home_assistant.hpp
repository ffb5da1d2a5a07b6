// Discovery configurations for Home Assistant.
#pragma once

#include <map>
#include <string>

#include "gateway/mqtt/mqtt_topics.hpp"

namespace facebus::gateway {

/// Configurations of a device's entities (JSON text), by MQTT topic.
using Discovery = std::map<std::string, std::string>;

/// Returns the configurations of a camera's entities: occupancy, number of people, and the person
/// who was last recognised at the camera.
Discovery camera_discovery(const MqttTopics& topics, const std::string& camera);
/// Returns the configuration of a person's entity: whether the person is present at any camera.
/// Uses `name` only as the display name, never in a topic, id or template, because it can contain
/// any characters.
Discovery person_discovery(const MqttTopics& topics, const std::string& subject_id,
                           const std::string& name);

}  // namespace facebus::gateway
