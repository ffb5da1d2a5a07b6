// Tests of the MQTT topics and the discovery configurations for Home Assistant.
#include <algorithm>

#include <boost/test/unit_test.hpp>

#include "gateway/mqtt/home_assistant.hpp"
#include "json.hpp"

using namespace facebus;
using namespace facebus::gateway;

namespace {

const MqttTopics topics("facebus", "homeassistant", "hall");
const std::string id(32, 'a');

/// Checks that a discovery topic has five levels, <prefix>/<component>/<node>/<object>/config, and
/// contains only characters that Home Assistant allows.
void check_topic(const std::string& topic) {
    BOOST_TEST(std::ranges::count(topic, '/') == 4);
    BOOST_TEST(std::ranges::all_of(topic, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '/';
    }));
}

}  // namespace

BOOST_AUTO_TEST_CASE(camera_has_entities_for_occupancy_people_and_last_person) {
    const auto discovery = camera_discovery(topics, "front-door");
    BOOST_TEST(discovery.size() == 3U);
    for (const auto& [topic, text] : discovery) {
        check_topic(topic);
        const auto config = Json::parse(text);
        BOOST_TEST(config["availability_topic"] == "facebus/hall/availability");
        BOOST_TEST(config["device"]["identifiers"][0] == "hall_camera_front-door");
        BOOST_TEST(config["unique_id"].get<std::string>().starts_with("hall_camera_front-door_"));
    }
    const auto occupancy = Json::parse(
        discovery.at("homeassistant/binary_sensor/hall/camera_front-door_occupancy/config"));
    BOOST_TEST(occupancy["state_topic"] == "facebus/front-door/presence");
    BOOST_TEST(occupancy["device_class"] == "occupancy");
}

BOOST_AUTO_TEST_CASE(special_characters_in_a_name_affect_only_the_display_name) {
    const auto plain = person_discovery(topics, id, "Alice");
    for (const std::string name : {"a/b", "+", "#", "{{ states('lock.door') }}", "Zoë \xE2\x98\x83",
                                   "\"},\"state_topic\":\"x"}) {
        const auto discovery = person_discovery(topics, id, name);
        BOOST_TEST(discovery.size() == 1U);
        const auto& [topic, text] = *discovery.begin();
        check_topic(topic);
        auto config = Json::parse(text);
        BOOST_TEST(config["device"]["name"] == name);
        auto expected = Json::parse(plain.begin()->second);
        BOOST_TEST(topic == plain.begin()->first);
        config["device"]["name"] = expected["device"]["name"];
        BOOST_TEST(config == expected);
    }
}

BOOST_AUTO_TEST_CASE(extracts_the_camera_only_from_presence_and_last_person_topics) {
    BOOST_TEST(topics.camera_of_presence("facebus/door/presence") == "door");
    BOOST_TEST(topics.camera_of_last_person("facebus/door/last_person") == "door");
    for (const std::string& other :
         {"facebus/person/" + id + "/presence", std::string("facebus/presence"),
          std::string("other/door/presence"), std::string("facebus//presence"),
          std::string("facebus/door/identity")}) {
        BOOST_TEST(topics.camera_of_presence(other).empty());
        BOOST_TEST(topics.camera_of_last_person(other).empty());
    }
}
