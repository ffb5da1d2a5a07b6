// Names of the MQTT topics.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace facebus::gateway {

/// Builds and parses the topic names of one gateway. Topics contain the names of cameras and the
/// ids of people. They never contain the names of people, because these can include characters that
/// have a special meaning in topics.
class MqttTopics {
  public:
    /// `base` is the prefix of the gateway's own topics. `discovery` is the prefix of Home
    /// Assistant's discovery topics; empty: no discovery. `client_id` identifies this gateway.
    MqttTopics(std::string base, std::string discovery, std::string client_id)
        : base_(std::move(base)),
          discovery_(std::move(discovery)),
          client_id_(std::move(client_id)) {}

    // docs/mqtt-and-webhooks.md describes the messages on the following five topics.
    [[nodiscard]] std::string availability() const;
    [[nodiscard]] std::string identity(std::string_view camera) const;
    [[nodiscard]] std::string presence(std::string_view camera) const;
    [[nodiscard]] std::string last_person(std::string_view camera) const;
    [[nodiscard]] std::string person(std::string_view subject_id) const;
    /// Returns the topic on which Home Assistant expects the configuration of an entity.
    /// `component` is the kind of the entity, for example "sensor"; `object` is its id.
    [[nodiscard]] std::string config(std::string_view component, std::string_view object) const;

    /// Returns whether Home Assistant discovery is enabled.
    [[nodiscard]] bool discovery_enabled() const { return !discovery_.empty(); }
    [[nodiscard]] const std::string& client_id() const { return client_id_; }

    /// Returns subscription patterns that match all topics of presence(), last_person() and
    /// person() and, if discovery is enabled, of config().
    [[nodiscard]] std::vector<std::string> patterns() const;
    /// Returns the camera of a presence() topic, or an empty string for other topics.
    [[nodiscard]] std::string camera_of_presence(std::string_view topic) const;
    /// Returns the camera of a last_person() topic, or an empty string for other topics.
    [[nodiscard]] std::string camera_of_last_person(std::string_view topic) const;

  private:
    [[nodiscard]] std::string camera_of(std::string_view topic, std::string_view suffix) const;

    std::string base_;
    std::string discovery_;
    std::string client_id_;
};

}  // namespace facebus::gateway
