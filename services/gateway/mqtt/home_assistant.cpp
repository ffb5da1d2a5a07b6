#include "gateway/mqtt/home_assistant.hpp"

#include <fmt/format.h>

#include "json.hpp"

namespace facebus::gateway {
namespace {

/// Builds the discovery configurations of one device.
class Device {
  public:
    Device(const MqttTopics& topics, std::string id, const std::string& name,
           const std::string& model)
        : topics_(topics), id_(std::move(id)) {
        device_ = {{"identifiers", Json::array({unique(id_)})},
                   {"name", name},
                   {"manufacturer", "facebus"},
                   {"model", model}};
    }

    /// Adds an entity. `suffix` distinguishes the entities of the device. If `name` is null, the
    /// entity has the name of the device. `value` is the template that extracts the entity's value
    /// from a message on `state_topic`. `more` contains further keys of the configuration.
    void add(const std::string& component, const std::string& suffix, const Json& name,
             const std::string& state_topic, const std::string& value, const Json& more) {
        const auto object = suffix.empty() ? id_ : fmt::format("{}_{}", id_, suffix);
        Json config{{"name", name},
                    {"unique_id", unique(object)},
                    {"state_topic", state_topic},
                    {"value_template", value},
                    {"json_attributes_topic", state_topic},
                    {"availability_topic", topics_.availability()},
                    {"qos", 1},
                    {"device", device_},
                    {"origin", {{"name", "facebus"}}}};
        config.update(more);
        discovery_[topics_.config(component, object)] = dump(config);
    }

    Discovery take() { return std::move(discovery_); }

  private:
    [[nodiscard]] std::string unique(const std::string& object) const {
        return fmt::format("{}_{}", topics_.client_id(), object);
    }

    const MqttTopics& topics_;
    std::string id_;
    Json device_;
    Discovery discovery_;
};

}  // namespace

Discovery camera_discovery(const MqttTopics& topics, const std::string& camera) {
    Device device(topics, "camera_" + camera, camera, "camera");
    device.add("binary_sensor", "occupancy", "Occupancy", topics.presence(camera),
               "{{ 'ON' if value_json.occupied else 'OFF' }}", {{"device_class", "occupancy"}});
    device.add("sensor", "people", "People", topics.presence(camera), "{{ value_json.count }}",
               {{"state_class", "measurement"}, {"icon", "mdi:account-group"}});
    // If no person was seen yet, `name` is null. The template renders null as "None", which Home
    // Assistant shows as an unknown state.
    device.add("sensor", "last_person", "Last person", topics.last_person(camera),
               "{{ value_json.name }}", {{"icon", "mdi:account"}});
    return device.take();
}

Discovery person_discovery(const MqttTopics& topics, const std::string& subject_id,
                           const std::string& name) {
    Device device(topics, "person_" + subject_id, name, "person");
    device.add("binary_sensor", "", nullptr, topics.person(subject_id),
               "{{ 'ON' if value_json.present else 'OFF' }}", {{"device_class", "occupancy"}});
    return device.take();
}

}  // namespace facebus::gateway
