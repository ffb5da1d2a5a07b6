// How a result looks in a terminal.
#pragma once

#include <string>

#include "wire/messages.hpp"

namespace facebus::cli {

/// One line for people, in colour on a terminal.
std::string line(const wire::Identity& identity, bool colour);
std::string line(const wire::Track& event);
std::string line(const wire::Status& status);

/// A track's id as a short number, for people: the last part.
std::string short_track(const std::string& track);

}  // namespace facebus::cli
