// Options shared by all services: bus, models, log, and the addresses of each stage.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "bus/security.hpp"
#include "service/config.hpp"

namespace facebus::service {

/// Options shared by all services.
struct CommonOptions {
    /// Addresses of one stage of wire::stages.
    struct Addresses {
        std::string input;   ///< endpoint on the bus
        std::string health;  ///< host:port of /healthz and /metrics
    };

    bus::SecurityOptions bus{};
    std::string models{};
    int threads = 1;
    LogLevel log_level = LogLevel::info;
    std::map<std::string, Addresses, std::less<>> stages = default_addresses();  ///< by section

    /// Returns the endpoint or the health address of the stage with that section. Requires: the
    /// section is one of wire::stages.
    [[nodiscard]] const std::string& input(std::string_view section) const;
    [[nodiscard]] const std::string& health(std::string_view section) const;

    static void keys(auto& self, auto&& key) {
        key("models", self.models,
            "folder of the models that models/prepare created; empty: its default");
        key("threads", self.threads, Range{0, 1024},
            "threads per process that run neural networks; 0: all cores");
        key("log_level", self.log_level,
            Choices<LogLevel>{{{"debug", LogLevel::debug},
                               {"info", LogLevel::info},
                               {"warning", LogLevel::warning},
                               {"error", LogLevel::error}}},
            "lowest level to log");
    }

  private:
    static std::map<std::string, Addresses, std::less<>> default_addresses();
};

/// Collects the keys of facebus.yaml, section by section. The section of a stage begins with the
/// key `input`, if it has an endpoint, and ends with `health`.
class SectionKeys {
  public:
    explicit SectionKeys(CommonOptions& common) : common_(common) {}

    /// Adds the section `name` with the keys that the structs declare.
    template <class... Options>
    void add(const std::string& name, Options&... options) {
        open(name);
        (append(keys_of(name, options)), ...);
        close(name);
    }

    /// Returns all keys, including those of the remaining stages and of CommonOptions.
    std::vector<Key> finish();

  private:
    void open(const std::string& name);   ///< adds `input`
    void close(const std::string& name);  ///< adds `health`
    void append(std::vector<Key> more);

    CommonOptions& common_;
    std::vector<Key> keys_;
};

/// Returns the folder of the models: the option `models`, or the default folder of models/prepare.
std::filesystem::path models_folder(const CommonOptions& options, const Environment& environment);

}  // namespace facebus::service
