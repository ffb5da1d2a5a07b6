#include "base/log.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include <unistd.h>

#include "base/text/unicode.hpp"

namespace facebus {
namespace {

std::string_view name(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "error";
}

/// Returns whether the value can be written without quotes.
bool needs_no_quotes(std::string_view value) {
    return !value.empty() && std::ranges::all_of(value, [](unsigned char c) {
        return std::isgraph(c) != 0 && c != '"' && c != '=' && c != '\\';
    });
}

void append(std::string& line, std::string_view key, std::string_view value) {
    if (!line.empty()) line += ' ';
    line += key;
    line += '=';
    if (needs_no_quotes(value)) {
        line += value;
        return;
    }
    line += '"';
    while (!value.empty()) {
        auto rest = value;
        const auto character = take_character(rest);
        const auto text = value.substr(0, character ? value.size() - rest.size() : 1);
        value.remove_prefix(text.size());
        const char first = text.front();
        if (first == '"' || first == '\\') {
            line += '\\';
            line += first;
        } else if (first == '\n') {
            line += "\\n";
        } else if (character && !is_control(*character) && !is_invisible(*character)) {
            line += text;
        } else {
            for (const char c : text) {
                line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
            }
        }
    }
    line += '"';
}

}  // namespace

void Log::limited_warning(std::string_view event, Fields fields) {
    std::uint64_t suppressed = 0;
    {
        const std::lock_guard lock(mutex_);
        auto& limit = limits_.try_emplace(std::string(event)).first->second;
        const auto now = Monotonic::now();
        if (now < limit.next) {
            ++limit.suppressed;
            return;
        }
        limit.next = now + std::chrono::seconds(1);
        suppressed = std::exchange(limit.suppressed, 0);
    }
    write(LogLevel::warning, event, fields, suppressed);
}

void Log::write(LogLevel level, std::string_view event, Fields fields, std::uint64_t suppressed) {
    if (level < lowest_) return;
    std::string line;
    append(line, "ts", iso8601(utc_ns()));
    append(line, "level", name(level));
    append(line, "service", service_);
    append(line, "event", event);
    for (const auto& field : fields) append(line, field.key, field.value);
    if (suppressed > 0) append(line, "suppressed", fmt::to_string(suppressed));
    line += '\n';
    // The service must continue even if the line cannot be written.
    [[maybe_unused]] const auto written = ::write(descriptor_, line.data(), line.size());
}

}  // namespace facebus
