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
        std::string input;   ///< endpoint on the bus; empty: the stage has no key `input`
        std::string health;  ///< host:port of /healthz and /metrics; "none" or empty: no server
    };

    bus::SecurityOptions bus{};
    std::string models{};  ///< folder of the models; empty: see models_folder()
    int threads = 1;
    LogLevel log_level = LogLevel::info;
    std::map<std::string, Addresses, std::less<>> stages = default_addresses();  ///< by section

    /// Returns Addresses::input of the stage. Requires: `section` is in wire::stages.
    [[nodiscard]] const std::string& input(std::string_view section) const;
    /// Returns Addresses::health of the stage. Requires: `section` is in wire::stages.
    [[nodiscard]] const std::string& health(std::string_view section) const;

    static void keys(auto& self, auto&& key) {
        key("models", self.models,
            "folder filled by models/prepare; empty: $XDG_CACHE_HOME/facebus/models or "
            "~/.cache/facebus/models");
        key("threads", self.threads, Range{0, 1024},
            "number of threads that each service uses for neural networks; 0: one per core");
        key("log_level", self.log_level,
            Choices<LogLevel>{{{"debug", LogLevel::debug},
                               {"info", LogLevel::info},
                               {"warning", LogLevel::warning},
                               {"error", LogLevel::error}}},
            "lowest level of the log lines that are written");
    }

  private:
    static std::map<std::string, Addresses, std::less<>> default_addresses();
};

/// Collector of the keys of facebus.yaml, section by section. In the section of a stage, adds the
/// keys `input` (if the stage has an endpoint) and `health`.
class SectionKeys {
  public:
    explicit SectionKeys(CommonOptions& common) : common_(common) {}

    /// Adds the section `name` with the keys that the option structs declare.
    template <class... Options>
    void add(const std::string& name, Options&... options) {
        add_input(name);
        (append(keys_of(name, options)), ...);
        add_health(name);
    }

    /// Adds the keys of CommonOptions, and the sections of the stages that were not added. Returns
    /// all keys.
    std::vector<Key> finish();

  private:
    void add_input(const std::string& name);
    void add_health(const std::string& name);
    void append(std::vector<Key> more);

    CommonOptions& common_;
    std::vector<Key> keys_;
};

/// Returns the folder of the models: the option `models`, or the default folder of models/prepare.
std::filesystem::path models_folder(const CommonOptions& options, const Environment& environment);

}  // namespace facebus::service
