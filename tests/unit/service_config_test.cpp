#include <fstream>

#include <boost/test/unit_test.hpp>

#include "service/settings.hpp"
#include "support/source.hpp"

using namespace facebus;
using namespace facebus::service;

namespace {

Settings read(const std::string& yaml, const Environment& environment = {}) {
    Settings settings;
    read_config(yaml, "facebus.yaml", environment, setting_keys(settings),
                setting_groups(settings));
    return settings;
}

void refused(const std::string& yaml, const std::string& words,
             const Environment& environment = {}) {
    BOOST_CHECK_EXCEPTION(read(yaml, environment), StartupError, [&](const StartupError& error) {
        const std::string text = error.what();
        BOOST_TEST_MESSAGE(text);
        return error.code() == Exit::config && text.find(words) != std::string::npos &&
               text.find('\n') == std::string::npos;
    });
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_empty_file_means_defaults) {
    BOOST_TEST(read("").broker.queue == Settings().broker.queue);
    BOOST_TEST(read("# only a comment\n").cameras.empty());
    BOOST_TEST(read("broker:\n").broker.queue == Settings().broker.queue);
}

BOOST_AUTO_TEST_CASE(values_come_from_the_file) {
    const auto settings = read(
        "broker:\n  queue: 7\nmotion:\n  enabled: false\n  linger: 2.5\n"
        "cameras:\n  door:\n    source: rtsp://host/1\n  gate:\n    source: /dev/video0\n"
        "    pace: live\n");
    BOOST_TEST(settings.broker.queue == 7);
    BOOST_TEST(!settings.motion.enabled);
    BOOST_TEST(settings.motion.linger == 2.5);
    BOOST_TEST(settings.cameras.at("door").source == "rtsp://host/1");
    BOOST_TEST(settings.cameras.at("door").pace == "auto");
    BOOST_TEST(settings.cameras.at("gate").pace == "live");
}

BOOST_AUTO_TEST_CASE(the_environment_overrides_the_file) {
    const auto settings = read(
        "broker:\n  queue: 7\n",
        {{"FACEBUS_BROKER_QUEUE", "8"}, {"FACEBUS_REDIS_TIMEOUT_MS", "50"}, {"UNRELATED", "x"}});
    BOOST_TEST(settings.broker.queue == 8);
    BOOST_TEST(settings.redis.timeout_ms == 50);
}

BOOST_AUTO_TEST_CASE(a_camera_may_come_from_the_environment_alone) {
    const auto settings = read("", {{"FACEBUS_CAMERAS_DOOR_SOURCE", "x.mp4"},
                                    {"FACEBUS_CAMERAS_DOOR_PACE", "live"},
                                    {"FACEBUS_CAMERAS_DOOR_FRAME_RATE", "5"}});
    BOOST_REQUIRE(settings.cameras.size() == 1U);
    BOOST_TEST(settings.cameras.at("door").source == "x.mp4");
    BOOST_TEST(settings.cameras.at("door").pace == "live");
    BOOST_TEST(settings.cameras.at("door").frame_rate == 5);
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_refused_with_its_line_and_the_nearest_key) {
    refused("broker:\n  queue: 7\n  que: 8\n",
            "facebus.yaml:3: unknown key broker.que; did you mean broker.queue?");
    refused("brokr:\n  queue: 7\n", "facebus.yaml:1: unknown key brokr; did you mean broker?");
    refused("cameras:\n  door:\n    sorce: x\n",
            "facebus.yaml:3: unknown key cameras.door.sorce; did you mean cameras.door.source?");
}

BOOST_AUTO_TEST_CASE(a_bad_value_is_refused_with_its_line) {
    refused("broker:\n  queue: many\n",
            "facebus.yaml:2: broker.queue: \"many\" is not a whole number");
    refused("broker:\n  queue: 0\n", "from 1 to");
    refused("detect:\n  output_score: 1.5\n", "facebus.yaml:2: detect.output_score");
    refused("detect:\n  output_score: nan\n", "is not a number");
    refused("motion:\n  enabled: yes\n", "is not true or false");
    refused("log_level: loud\n", "is none of debug, info, warning, error");
    refused("broker:\n  queue: [1, 2]\n", "broker.queue takes one value");
    refused("broker: 7\n", "broker takes keys below it");
}

BOOST_AUTO_TEST_CASE(a_bad_value_in_the_environment_names_the_variable) {
    refused("", "environment: FACEBUS_BROKER_QUEUE: \"x\" is not a whole number",
            {{"FACEBUS_BROKER_QUEUE", "x"}});
}

BOOST_AUTO_TEST_CASE(broken_yaml_is_refused_with_its_line) {
    refused("broker:\n  queue: 7\n bad: [\n", "facebus.yaml:");
    refused("- a\n- b\n", "facebus.yaml:1: the file is not a mapping");
    refused("broker:\n  queue: 7\n  queue: 8\n", "facebus.yaml:3: broker.queue stands here twice");
}

BOOST_AUTO_TEST_CASE(a_camera_name_that_could_break_a_topic_is_refused) {
    refused("cameras:\n  front.door:\n    source: x\n", "can't name a camera");
}

BOOST_AUTO_TEST_CASE(a_camera_without_a_source_is_refused) {
    BOOST_CHECK_THROW(load_settings("", {{"FACEBUS_CAMERAS_DOOR_PACE", "live"}}), StartupError);
}

BOOST_AUTO_TEST_CASE(the_documented_defaults_read_back_as_the_defaults) {
    Settings settings;
    const auto keys = setting_keys(settings);
    const auto text = documented(keys, setting_groups(settings));
    const auto again = read(text);
    BOOST_TEST(again.broker.queue == Settings().broker.queue);
    BOOST_TEST(again.cameras.size() == 1U);
    for (const auto& key : keys) {
        BOOST_TEST(!key.help.empty(), key.path);
        const auto name = key.path.substr(key.path.rfind('.') + 1);
        BOOST_TEST(text.find(name + ": ") != std::string::npos, key.path);
    }
}

BOOST_AUTO_TEST_CASE(the_reference_in_the_docs_is_the_one_that_the_program_prints) {
    Settings settings;
    const auto text = documented(setting_keys(settings), setting_groups(settings));
    std::ifstream in(test::source() / "docs/facebus.yaml");
    const std::string file((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    BOOST_TEST(file == text, "write docs/facebus.yaml again: facebus check --defaults");
}
