// Formats results for the terminal.
#pragma once

#include <string>

#include "wire/messages.hpp"

namespace facebus::cli {

/// Returns the message as one line without a line feed. The texts of the message come from other
/// machines, so characters that could control the terminal are replaced; see printable(). `colour`
/// adds ANSI colour codes.
std::string format_line(const wire::Identity& identity, bool colour);
std::string format_line(const wire::Track& event);
std::string format_line(const wire::Status& status);
/// Returns the status as a table with one line per value. Omits values that an older broker does
/// not report. Replaces control characters as format_line() does.
std::string format_table(const wire::Status& status);

/// Returns the part of a track id after its last dash, or the whole id if there is no dash.
std::string short_track(const std::string& track);

}  // namespace facebus::cli
