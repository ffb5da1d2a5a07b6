// Prints text that may come from other machines, files or the command line. All output of this
// program passes through this file or progress.cpp, except `--help` and `--version`, which CLI11
// prints. A test checks that no other file calls fmt::print().
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text/unicode.hpp"

namespace facebus::cli {

/// Returns printable(value) if `value` is text, otherwise `value` unchanged.
template <class T>
auto safe(const T& value) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        return printable(value);
    } else {
        return value;
    }
}
template <class T>
using Safe = decltype(safe(std::declval<const T&>()));

/// Formats the arguments and prints the result. Texts among the arguments can neither control the
/// terminal nor add lines; see printable().
template <class... Args>
void safe_print(std::FILE* file, fmt::format_string<Safe<Args>...> format, const Args&... args) {
    fmt::print(file, "{}", fmt::format(format, safe(args)...));
}
/// Like the function above, for standard output.
template <class... Args>
void safe_print(fmt::format_string<Safe<Args>...> format, const Args&... args) {
    fmt::print("{}", fmt::format(format, safe(args)...));
}

/// Prints text of several lines; see printable_lines().
inline void safe_print_lines(std::FILE* file, std::string_view text) {
    fmt::print(file, "{}", printable_lines(text));
}
inline void safe_print_lines(std::string_view text) {
    safe_print_lines(stdout, text);
}

/// Prints a line to standard output immediately. It may contain colour codes. Requires: the texts
/// in it are printable.
inline void print_now(const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

/// Returns JSON text in which the characters that printable() replaces are escaped. `indent`: -1
/// for a single line, otherwise the number of spaces per level.
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

/// Prints json_text() and a line feed to standard output.
inline void safe_print_json(const nlohmann::ordered_json& json, int indent = -1) {
    fmt::print("{}\n", json_text(json, indent));
}

}  // namespace facebus::cli
