#include "settings/settings.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace facebus::settings {
namespace {

std::string read_file(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    in.peek();  // fails if the file is a folder, which can be opened, but not read
    if (!in.is_open() || in.bad()) {
        throw FatalError(Exit::config,
                         fmt::format("cannot read {}; check its name and permissions", file));
    }
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace

std::vector<std::string> Settings::camera_names() const {
    std::vector<std::string> names;
    names.reserve(cameras.size());
    for (const auto& [camera, options] : cameras) names.push_back(camera);
    return names;
}

std::vector<service::Key> keys(Settings& settings) {
    service::SectionKeys keys(settings.common);
    keys.add("capture", settings.capture);
    keys.add("motion", settings.motion);
    keys.add("detect", settings.detect);
    keys.add("track", settings.track);
    keys.add("broker", settings.broker);
    keys.add("recognize", settings.recognize, settings.calibration);
    keys.add("gallery", settings.enrolment);
    keys.add("gateway", settings.gateway);
    keys.add("mqtt", settings.mqtt);
    keys.add("redis", settings.redis);
    keys.add("results", settings.results);
    return keys.finish();
}

std::vector<service::Group> groups(Settings& settings) {
    return {
        service::group_of("cameras",
                          "cameras by name; a name is 1 to 64 letters, digits, '_' or '-'",
                          settings.cameras, "door"),
        service::group_of("webhooks", "HTTP endpoints to which the gateway sends results, by name",
                          settings.webhooks, "lock")};
}

std::string config_file(const std::string& file, const service::Environment& environment) {
    if (!file.empty()) return file;
    if (const auto set = environment.find("FACEBUS_CONFIG");
        set != environment.end() && !set->second.empty()) {
        return set->second;
    }
    for (const char* candidate : {"facebus.yaml", "/etc/facebus/facebus.yaml"}) {
        if (std::filesystem::exists(candidate)) return candidate;
    }
    return {};
}

Settings load(const std::string& file, const service::Environment& environment) {
    const auto name = config_file(file, environment);
    Settings settings;
    service::read_config(name.empty() ? std::string() : read_file(name), name, environment,
                         keys(settings), groups(settings));
    for (const auto& [camera, options] : settings.cameras) {
        if (options.source.empty()) {
            throw FatalError(
                Exit::config,
                fmt::format("camera {0} has no source; set cameras.{0}.source", camera));
        }
    }
    return settings;
}

std::string reference() {
    Settings settings;
    return service::default_yaml(keys(settings), groups(settings));
}

}  // namespace facebus::settings
