#include "cli/backup/setting_files.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

namespace facebus::cli {

std::vector<SettingFile> setting_files(const Context& context) {
    const auto& settings = context.settings;
    std::vector<SettingFile> files;
    const auto add = [&](const std::string& setting, const std::filesystem::path& path) {
        if (path.empty()) return;
        files.push_back({setting, std::filesystem::absolute(path).lexically_normal()});
    };
    add("--config", context.config);
    add("bus.key", settings.common.bus.key);
    add("bus.broker", settings.common.bus.broker);
    std::error_code error;
    std::filesystem::directory_iterator allowed(settings.common.bus.allowed, error);
    for (; !error && allowed != std::filesystem::directory_iterator(); allowed.increment(error)) {
        std::error_code unreadable;
        if (allowed->is_regular_file(unreadable) || unreadable) add("bus.allowed", allowed->path());
    }
    // Name the folder, so that the backup reports that it cannot be read completely.
    if (error) add("bus.allowed", settings.common.bus.allowed);
    add("redis.password_file", settings.redis.password_file);
    add("redis.ca_file", settings.redis.tls.ca);
    add("redis.cert_file", settings.redis.tls.certificate);
    add("redis.key_file", settings.redis.tls.key);
    add("gateway.keys", settings.gateway.key_file);
    add("mqtt.password_file", settings.mqtt.password_file);
    add("mqtt.ca_file", settings.mqtt.ca_file);
    for (const auto& [name, webhook] : settings.webhooks) {
        add(fmt::format("webhooks.{}.secret_file", name), webhook.secret_file);
        add(fmt::format("webhooks.{}.ca_file", name), webhook.ca_file);
    }
    return files;
}

Result<std::string> read_setting_file(const std::filesystem::path& file) {
    const auto unreadable = [&](std::error_code error) {
        return fail(ErrorKind::unavailable,
                    fmt::format("cannot read {}: {}", file.string(), error.message()));
    };
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (error) return unreadable(error);
    if (size > max_setting_file_bytes) {
        return fail(ErrorKind::too_large, fmt::format("{} is larger than {} bytes", file.string(),
                                                      max_setting_file_bytes));
    }
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    std::string content(size, '\0');
    in.read(content.data(), static_cast<std::streamsize>(size));
    if (!in) return unreadable({errno == 0 ? EIO : errno, std::generic_category()});
    return content;
}

}  // namespace facebus::cli
