// Settings of every service: the bus, the models, the log, and where each stage listens.
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

struct CommonOptions {
    /// Of one stage in wire::stages.
    struct Addresses {
        std::string input;
        std::string health;
    };

    bus::SecurityOptions bus{};
    std::string models{};
    int threads = 1;
    LogLevel log_level = LogLevel::info;
    std::map<std::string, Addresses, std::less<>> stages = default_addresses();  ///< by section

    /// Returns the endpoint where the stage of that section reads, and its address of /healthz.
    /// Requires: the section is one of wire::stages.
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

/// Collects the keys of facebus.yaml, section by section. A stage's section begins with its input
/// and ends with its health, as wire::stages has them.
class SectionKeys {
  public:
    explicit SectionKeys(CommonOptions& common) : common_(common) {}

    /// The section `name` with what those structs of options declare.
    template <class... Options>
    void add(const std::string& name, Options&... options) {
        open(name);
        (append(keys_of(name, options)), ...);
        close(name);
    }

    /// All keys, with those of stages that have no other options and of CommonOptions.
    std::vector<Key> finish();

  private:
    void open(const std::string& name);
    void close(const std::string& name);
    void append(std::vector<Key> more);

    CommonOptions& common_;
    std::vector<Key> keys_;
};

/// Where the models are: `models` as set, or the folder that models/prepare fills by default.
std::filesystem::path models_folder(const CommonOptions& options, const Environment& environment);

}  // namespace facebus::service
