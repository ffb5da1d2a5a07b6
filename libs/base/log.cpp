#include "base/log.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

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

/// Returns the beginning of a line: the fields that all lines have.
std::string start_line(std::string_view service, LogLevel level, std::string_view event) {
    std::string line;
    append(line, "ts", iso8601(utc_ns()));
    append(line, "level", name(level));
    append(line, "service", service);
    append(line, "event", event);
    return line;
}

}  // namespace

Log::Log(std::string service, LogLevel lowest, int descriptor)
    : service_(std::move(service)),
      lowest_(lowest),
      writer_(descriptor, [name = service_](auto lines) {
          auto line = start_line(name, LogLevel::warning, "log_lines_lost");
          append(line, "lines", fmt::to_string(lines));
          append(line, "reason", "standard error was not read in time or could not be written");
          return line + '\n';
      }) {}

void Log::export_losses(Metrics& metrics) {
    writer_.count_losses(
        metrics.counter("facebus_log_lines_lost_total",
                        "Log lines lost because standard error was not read in time or could not "
                        "be written"));
}

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
    auto line = start_line(service_, level, event);
    for (const auto& field : fields) append(line, field.key, field.value);
    if (suppressed > 0) append(line, "suppressed", fmt::to_string(suppressed));
    writer_.write(line + '\n');
}

}  // namespace facebus
