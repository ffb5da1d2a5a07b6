// MQTT topic names.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace facebus::gateway {

/// Topics of one gateway; the only place that spells them. They contain cameras by name (letters,
/// digits, '_' and '-') and people by id, because a person's name can contain characters with a
/// meaning in topics.
class MqttTopics {
  public:
    /// `base` and `discovery` are prefixes of topics; `client_id` identifies this gateway.
    MqttTopics(std::string base, std::string discovery, std::string client_id)
        : base_(std::move(base)),
          discovery_(std::move(discovery)),
          client_id_(std::move(client_id)) {}

    [[nodiscard]] std::string availability() const;
    [[nodiscard]] std::string identity(std::string_view camera) const;
    [[nodiscard]] std::string presence(std::string_view camera) const;
    [[nodiscard]] std::string last_person(std::string_view camera) const;
    [[nodiscard]] std::string person(std::string_view subject_id) const;
    /// Returns the topic where Home Assistant expects the configuration of an entity. `component`
    /// is its kind.
    [[nodiscard]] std::string config(std::string_view component, std::string_view object) const;

    /// Returns whether Home Assistant discovery is enabled.
    [[nodiscard]] bool discovers() const { return !discovery_.empty(); }
    [[nodiscard]] const std::string& client_id() const { return client_id_; }

    /// Returns patterns that match all retained topics above except availability().
    [[nodiscard]] std::vector<std::string> patterns() const;
    /// Returns the camera of a presence() topic, or empty for other topics.
    [[nodiscard]] std::string camera_of_presence(std::string_view topic) const;
    /// Returns the camera of a last_person() topic, or empty for other topics.
    [[nodiscard]] std::string camera_of_last_person(std::string_view topic) const;

  private:
    [[nodiscard]] std::string camera_of(std::string_view topic, std::string_view suffix) const;

    std::string base_;
    std::string discovery_;
    std::string client_id_;
};

}  // namespace facebus::gateway
