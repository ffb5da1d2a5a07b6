// Tests how the configuration is read from a file and environment variables.
#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>

#include "settings/settings.hpp"
#include "wire/stages.hpp"

using namespace facebus;
using namespace facebus::service;
using facebus::settings::Settings;

namespace {

Settings read(const std::string& yaml, const Environment& environment = {}) {
    Settings settings;
    read_config(yaml, "facebus.yaml", environment, settings::keys(settings),
                settings::groups(settings));
    return settings;
}

/// Checks that read() fails with a configuration error whose message contains `words` and is one
/// line long.
void rejects(const std::string& yaml, const std::string& words,
             const Environment& environment = {}) {
    BOOST_CHECK_EXCEPTION(read(yaml, environment), FatalError, [&](const FatalError& error) {
        const std::string text = error.what();
        BOOST_TEST_MESSAGE(text);
        return error.code() == Exit::config && text.find(words) != std::string::npos &&
               text.find('\n') == std::string::npos;
    });
}

}  // namespace

BOOST_AUTO_TEST_CASE(empty_files_and_sections_keep_the_defaults) {
    BOOST_TEST(read("").broker.queue == Settings().broker.queue);
    BOOST_TEST(read("# only a comment\n").cameras.empty());
    BOOST_TEST(read("broker:\n").broker.queue == Settings().broker.queue);
}

BOOST_AUTO_TEST_CASE(reads_values_from_the_file) {
    const auto settings = read(
        "broker:\n  queue: 7\nmotion:\n  enabled: false\n  linger: 2.5\n"
        "cameras:\n  door:\n    source: rtsp://host/1\n  gate:\n    source: /dev/video0\n"
        "    pace: live\n");
    BOOST_TEST(settings.broker.queue == 7);
    BOOST_TEST(!settings.motion.enabled);
    BOOST_TEST(settings.motion.linger == 2.5);
    BOOST_TEST(settings.cameras.at("door").source == "rtsp://host/1");
    BOOST_TEST((settings.cameras.at("door").pace == capture::Pace::automatic));
    BOOST_TEST((settings.cameras.at("gate").pace == capture::Pace::live));
}

BOOST_AUTO_TEST_CASE(environment_overrides_the_file) {
    const auto settings = read(
        "broker:\n  queue: 7\n",
        {{"FACEBUS_BROKER_QUEUE", "8"}, {"FACEBUS_REDIS_TIMEOUT_MS", "50"}, {"UNRELATED", "x"}});
    BOOST_TEST(settings.broker.queue == 8);
    BOOST_TEST(settings.redis.timeout_ms == 50);
}

BOOST_AUTO_TEST_CASE(environment_can_define_a_camera) {
    const auto settings = read("", {{"FACEBUS_CAMERAS_DOOR_SOURCE", "x.mp4"},
                                    {"FACEBUS_CAMERAS_DOOR_PACE", "live"},
                                    {"FACEBUS_CAMERAS_DOOR_FRAME_RATE", "5"}});
    BOOST_REQUIRE(settings.cameras.size() == 1U);
    BOOST_TEST(settings.cameras.at("door").source == "x.mp4");
    BOOST_TEST((settings.cameras.at("door").pace == capture::Pace::live));
    BOOST_TEST(settings.cameras.at("door").frame_rate == 5);
}

BOOST_AUTO_TEST_CASE(error_for_an_unknown_key_mentions_the_line_and_a_similar_key) {
    rejects("broker:\n  queue: 7\n  que: 8\n",
            "facebus.yaml:3: unknown key broker.que; did you mean broker.queue?");
    rejects("brokr:\n  queue: 7\n", "facebus.yaml:1: unknown key brokr; did you mean broker?");
    rejects("cameras:\n  door:\n    sorce: x\n",
            "facebus.yaml:3: unknown key cameras.door.sorce; did you mean cameras.door.source?");
}

BOOST_AUTO_TEST_CASE(error_for_an_invalid_value_mentions_the_line) {
    rejects("broker:\n  queue: many\n", "facebus.yaml:2: broker.queue: \"many\" is not an integer");
    rejects("broker:\n  queue: 0\n",
            "facebus.yaml:2: broker.queue: \"0\" is not an integer from 1 to");
    rejects("detect:\n  output_score: 1.5\n", "facebus.yaml:2: detect.output_score");
    rejects("detect:\n  output_score: nan\n",
            "facebus.yaml:2: detect.output_score: \"nan\" is not a number");
    rejects("motion:\n  enabled: yes\n",
            "facebus.yaml:2: motion.enabled: \"yes\" is not one of true, false");
    rejects("log_level: loud\n",
            "facebus.yaml:1: log_level: \"loud\" is not one of debug, info, warning, error");
    rejects("broker:\n  queue: [1, 2]\n", "facebus.yaml:2: broker.queue requires a single value");
    rejects("broker: 7\n",
            "facebus.yaml:1: broker is a section; write its keys below it, indented");
}

BOOST_AUTO_TEST_CASE(error_for_an_invalid_value_mentions_the_variable) {
    rejects("", "environment: FACEBUS_BROKER_QUEUE: \"x\" is not an integer",
            {{"FACEBUS_BROKER_QUEUE", "x"}});
}

BOOST_AUTO_TEST_CASE(error_for_malformed_yaml_or_a_duplicate_key_mentions_the_file) {
    rejects("broker:\n  queue: 7\n bad: [\n", "facebus.yaml:");
    rejects("- a\n- b\n", "facebus.yaml:1: the file must be a mapping");
    rejects("broker:\n  queue: 7\n  queue: 8\n", "facebus.yaml:3: duplicate key broker.queue");
}

BOOST_AUTO_TEST_CASE(rejects_camera_names_with_a_dot) {
    // A dot separates the parts of a topic.
    rejects("cameras:\n  front.door:\n    source: x\n", "is not a valid camera name");
    rejects("",
            "environment: FACEBUS_CAMERAS_FRONT.DOOR_SOURCE: \"front.door\" is not a valid camera "
            "name",
            {{"FACEBUS_CAMERAS_FRONT.DOOR_SOURCE", "x"}});
}

BOOST_AUTO_TEST_CASE(rejects_a_camera_without_a_source) {
    BOOST_CHECK_THROW(settings::load("", {{"FACEBUS_CAMERAS_DOOR_PACE", "live"}}), FatalError);
}

BOOST_AUTO_TEST_CASE(rejects_a_folder_as_the_configuration_file) {
    BOOST_CHECK_THROW(settings::load("/", {}), FatalError);
}

BOOST_AUTO_TEST_CASE(printed_defaults_are_read_as_the_same_defaults) {
    Settings settings;
    const auto keys = settings::keys(settings);
    const auto text = settings::reference();
    auto again = read(text);
    BOOST_TEST(again.cameras.size() == 1U);
    const auto keys_again = settings::keys(again);
    BOOST_REQUIRE(keys_again.size() == keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        BOOST_TEST(!keys[i].help.empty(), keys[i].path);
        BOOST_TEST(keys_again[i].default_value == keys[i].default_value, keys[i].path);
        const auto name = keys[i].path.substr(keys[i].path.rfind('.') + 1);
        BOOST_TEST(text.find(name + ": ") != std::string::npos, keys[i].path);
    }
}

BOOST_AUTO_TEST_CASE(every_key_sets_only_its_own_option) {
    Settings defaults;
    std::map<std::string, std::string> defaults_by_path;
    for (const auto& key : settings::keys(defaults)) {
        BOOST_TEST(defaults_by_path.emplace(key.path, key.default_value).second,
                   "duplicate key " << key.path);
    }
    for (const auto& [path, before] : defaults_by_path) {
        Settings changed;
        const auto keys = settings::keys(changed);
        const std::string other = before == "true" ? "false" : before == "false" ? "true" : "1";
        try {
            std::ranges::find(keys, path, &Key::path)->parse(other);
        } catch (const std::invalid_argument&) {
            continue;  // `other` is invalid, for example because the option is a choice
        }
        for (const auto& key : settings::keys(changed)) {
            BOOST_TEST(
                key.default_value == (key.path == path ? other : defaults_by_path.at(key.path)),
                path << " changed " << key.path);
        }
    }
}

BOOST_AUTO_TEST_CASE(input_and_health_keys_set_only_the_addresses_of_their_stage) {
    const auto settings = read("motion:\n  input: tcp://host:1\ndetect:\n  health: none\n");
    for (const auto& stage : wire::stages) {
        BOOST_TEST(settings.common.input(stage.section) ==
                   (stage.section == "motion" ? "tcp://host:1" : stage.endpoint));
        BOOST_TEST(settings.common.health(stage.section) ==
                   (stage.section == "detect" ? "none" : stage.health));
    }
}

BOOST_AUTO_TEST_CASE(stages_have_health_and_input_keys_even_if_their_sections_are_not_added) {
    CommonOptions common;
    const auto keys = SectionKeys(common).finish();
    for (const auto& stage : wire::stages) {
        const std::string section(stage.section);
        BOOST_TEST(std::ranges::count(keys, section + ".health", &Key::path) == 1);
        BOOST_TEST(std::ranges::count(keys, section + ".input", &Key::path) ==
                   (stage.endpoint.empty() ? 0 : 1));
    }
}

BOOST_AUTO_TEST_CASE(error_for_an_unknown_variable_mentions_a_similar_one_if_there_is_one) {
    rejects("",
            "environment: unknown variable FACEBUS_BROKER_QUEU; did you mean "
            "FACEBUS_BROKER_QUEUE?",
            {{"FACEBUS_BROKER_QUEU", "8"}});
    rejects("", "did you mean FACEBUS_CONFIG?", {{"FACEBUS_CONFG", "facebus.yaml"}});
    rejects("", "did you mean FACEBUS_CAMERAS_DOOR_SOURCE?",
            {{"FACEBUS_CAMERAS_DOOR_SORCE", "x.mp4"}});
    rejects("", "FACEBUS_FROBNICATE; unset it, or write FACEBUS_ and a key",
            {{"FACEBUS_FROBNICATE", "1"}});
}

BOOST_AUTO_TEST_CASE(accepts_variables_of_scripts_and_tests_in_addition_to_those_of_keys) {
    const auto settings = read("", {{"FACEBUS_CONFIG", "facebus.yaml"},
                                    {"FACEBUS_DATA", "/data"},
                                    {"FACEBUS_MODELS", "/models"},
                                    {"FACEBUS_REQUIRE_ALL", "1"},
                                    {"FACEBUSY", "x"}});
    BOOST_TEST(settings.common.models == "/models");
}
