#include "service/common_options.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "wire/stages.hpp"

namespace facebus::service {

std::map<std::string, CommonOptions::Addresses, std::less<>> CommonOptions::default_addresses() {
    std::map<std::string, Addresses, std::less<>> all;
    for (const auto& stage : wire::stages) {
        all[std::string(stage.section)] = {std::string(stage.endpoint), std::string(stage.health)};
    }
    return all;
}

const std::string& CommonOptions::input(std::string_view section) const {
    return stages.find(section)->second.input;
}

const std::string& CommonOptions::health(std::string_view section) const {
    return stages.find(section)->second.health;
}

void SectionKeys::add_input(const std::string& name) {
    const auto stage = std::ranges::find(wire::stages, name, &wire::Stage::section);
    if (stage == wire::stages.end() || stage->endpoint.empty()) return;
    keys_.push_back(
        make_key(name + ".input", common_.stages.at(name).input,
                 fmt::format("endpoint at which this stage receives `{}` messages; those of "
                             "lossless cameras arrive at a second one: the path with the suffix "
                             "`.lossless` or, for tcp, the next port",
                             stage->input)));
}

void SectionKeys::add_health(const std::string& name) {
    const auto stage = common_.stages.find(name);
    if (stage == common_.stages.end()) return;
    keys_.push_back(
        make_key(name + ".health", stage->second.health,
                 "host:port of the HTTP server for /healthz and /metrics; port 0: any free port; "
                 "none: no server"));
}

void SectionKeys::append(std::vector<Key> more) {
    std::ranges::move(more, std::back_inserter(keys_));
}

std::vector<Key> SectionKeys::finish() {
    for (const auto& stage : wire::stages) {
        const std::string name(stage.section);
        if (std::ranges::find(keys_, name + ".health", &Key::path) == keys_.end()) add(name);
    }
    append(keys_of("bus", common_.bus));
    append(keys_of("", common_));
    return std::move(keys_);
}

std::filesystem::path models_folder(const CommonOptions& options, const Environment& environment) {
    if (!options.models.empty()) return options.models;
    const auto variable = [&](const char* key) {
        const auto found = environment.find(key);
        return found == environment.end() ? std::string() : found->second;
    };
    if (const auto cache = variable("XDG_CACHE_HOME"); !cache.empty()) {
        return std::filesystem::path(cache) / "facebus/models";
    }
    return std::filesystem::path(variable("HOME")) / ".cache/facebus/models";
}

}  // namespace facebus::service
