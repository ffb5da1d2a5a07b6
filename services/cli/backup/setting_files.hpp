// The files that the settings name: keys, passwords, certificates, and the configuration itself.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/commands.hpp"

namespace facebus::cli {

/// Maximum size of a file of settings or keys, in bytes.
inline constexpr std::size_t max_setting_file_bytes = 1 << 20;

/// A file and the setting that names it.
struct SettingFile {
    std::string setting;         ///< such as "bus.key"; "--config" for the configuration file
    std::filesystem::path path;  ///< absolute and normal
};

/// Returns the configuration file and the existing and missing files that the settings name. In
/// place of the folder bus.allowed, returns the files in it.
std::vector<SettingFile> setting_files(const Context& context);

/// Returns the content of a file. Fails with `unavailable` if it cannot be read, and with
/// `too_large` if it is larger than max_setting_file_bytes.
Result<std::string> read_setting_file(const std::filesystem::path& file);

}  // namespace facebus::cli
