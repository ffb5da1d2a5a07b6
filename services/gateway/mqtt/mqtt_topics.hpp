// Where what stands at the MQTT broker: the only place that spells a topic.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace facebus::gateway {

/// The topics of one gateway. Cameras stand in them by their names, which are letters, digits, '_'
/// and '-', and people by their ids: a person's name may hold what means something in a topic.
class MqttTopics {
  public:
    /// `base` and `discovery`: what topics begin with; `client_id`: this gateway.
    MqttTopics(std::string base, std::string discovery, std::string client_id)
        : base_(std::move(base)),
          discovery_(std::move(discovery)),
          client_id_(std::move(client_id)) {}

    [[nodiscard]] std::string availability() const;
    [[nodiscard]] std::string identity(std::string_view camera) const;
    [[nodiscard]] std::string presence(std::string_view camera) const;
    [[nodiscard]] std::string last_person(std::string_view camera) const;
    [[nodiscard]] std::string person(std::string_view subject_id) const;
    /// Where Home Assistant looks for an entity; `component` is its kind.
    [[nodiscard]] std::string config(std::string_view component, std::string_view object) const;

    /// Whether there is a Home Assistant to tell.
    [[nodiscard]] bool discovers() const { return !discovery_.empty(); }
    [[nodiscard]] const std::string& client_id() const { return client_id_; }

    /// Patterns of all topics above that keep a state, but for availability().
    [[nodiscard]] std::vector<std::string> patterns() const;
    /// The camera of a topic of presence() or last_person(); empty if the topic is another.
    [[nodiscard]] std::string camera_of_presence(std::string_view topic) const;
    [[nodiscard]] std::string camera_of_last_person(std::string_view topic) const;

  private:
    [[nodiscard]] std::string camera_of(std::string_view topic, std::string_view end) const;

    std::string base_;
    std::string discovery_;
    std::string client_id_;
};

}  // namespace facebus::gateway
