// Structured logging: one line of key=value fields per event.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/output/line_writer.hpp"

namespace facebus {

enum class LogLevel { debug, info, warning, error };

/// One `key=value` field of a log line.
struct LogField {
    std::string_view key;
    std::string value;

    LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
    LogField(std::string_view k, const char* v) : key(k), value(v) {}
    LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
    LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
    LogField(std::string_view k, std::integral auto v) : key(k), value(fmt::to_string(v)) {}
    LogField(std::string_view k, std::floating_point auto v)
        : key(k), value(fmt::format("{:.6g}", v)) {}
};

/// Log with lines of the form `ts=… level=… service=… event=… key=value …`. A slow reader does not
/// block the caller: lines that it does not read in time are lost, counted, and reported by a line
/// with the event `log_lines_lost`; see LineWriter. Quotes values that are empty or contain spaces,
/// quotes, `=`, backslashes, control characters or non-ASCII characters. Callers must not log
/// embeddings or pixels. Thread-safe.
class Log {
  public:
    using Fields = std::initializer_list<LogField>;

    /// Discards lines below the level `lowest`. Writes the others to the file descriptor; 2 is
    /// standard error.
    explicit Log(std::string service, LogLevel lowest = LogLevel::info, int descriptor = 2);

    /// Changes the lowest level. Requires: no other thread uses this object yet.
    void set_lowest(LogLevel lowest) { lowest_ = lowest; }

    /// Exports the number of lost lines. Requires: `metrics` exists longer than this object.
    void export_losses(Metrics& metrics);

    /// Returns the writer of the lines, for StderrRedirect.
    [[nodiscard]] LineWriter& writer() { return writer_; }

    void debug(std::string_view event, Fields fields = {}) {
        write(LogLevel::debug, event, fields);
    }
    void info(std::string_view event, Fields fields = {}) { write(LogLevel::info, event, fields); }
    void warning(std::string_view event, Fields fields = {}) {
        write(LogLevel::warning, event, fields);
    }
    void error(std::string_view event, Fields fields = {}) {
        write(LogLevel::error, event, fields);
    }

    /// Logs a warning that may occur for every message. Writes at most one line per second per
    /// event name; the next line with that name reports how many were suppressed.
    void limited_warning(std::string_view event, Fields fields = {});

  private:
    struct Limit {
        Monotonic::time_point next;  ///< earliest time of the next line
        std::uint64_t suppressed = 0;
    };

    void write(LogLevel level, std::string_view event, Fields fields, std::uint64_t suppressed = 0);

    std::string service_;
    LogLevel lowest_;
    LineWriter writer_;
    std::mutex mutex_;
    std::map<std::string, Limit, std::less<>> limits_;
};

}  // namespace facebus
