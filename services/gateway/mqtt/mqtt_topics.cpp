#include "gateway/mqtt/mqtt_topics.hpp"

#include <fmt/format.h>

#include "wire/codec.hpp"

namespace facebus::gateway {
namespace {

constexpr std::string_view presence_suffix = "/presence";
constexpr std::string_view last_person_suffix = "/last_person";

}  // namespace

std::string MqttTopics::availability() const {
    return fmt::format("{}/{}/availability", base_, client_id_);
}

std::string MqttTopics::identity(std::string_view camera) const {
    return fmt::format("{}/{}/identity", base_, camera);
}

std::string MqttTopics::presence(std::string_view camera) const {
    return fmt::format("{}/{}{}", base_, camera, presence_suffix);
}

std::string MqttTopics::last_person(std::string_view camera) const {
    return fmt::format("{}/{}{}", base_, camera, last_person_suffix);
}

std::string MqttTopics::person(std::string_view subject_id) const {
    return fmt::format("{}/person/{}{}", base_, subject_id, presence_suffix);
}

std::string MqttTopics::config(std::string_view component, std::string_view object) const {
    return fmt::format("{}/{}/{}/{}/config", discovery_, component, client_id_, object);
}

std::vector<std::string> MqttTopics::patterns() const {
    std::vector<std::string> all{presence("+"), last_person("+"), person("+")};
    if (discovery_enabled()) all.push_back(config("+", "+"));
    return all;
}

std::string MqttTopics::camera_of_presence(std::string_view topic) const {
    return camera_of(topic, presence_suffix);
}

std::string MqttTopics::camera_of_last_person(std::string_view topic) const {
    return camera_of(topic, last_person_suffix);
}

std::string MqttTopics::camera_of(std::string_view topic, std::string_view suffix) const {
    const auto begin = base_ + "/";
    if (!topic.starts_with(begin) || !topic.ends_with(suffix)) return {};
    topic.remove_prefix(begin.size());
    if (topic.size() <= suffix.size()) return {};
    topic.remove_suffix(suffix.size());
    std::string camera(topic);
    return wire::valid_source(camera) ? camera : std::string();
}

}  // namespace facebus::gateway
