// Parses the command line of `facebus`.
#pragma once

#include <expected>
#include <functional>
#include <string>

#include "cli/commands.hpp"

namespace facebus::cli {

/// The chosen command with its options. It runs after the configuration is read.
using Command = std::function<Exit(const Context&)>;

struct CommandLine {
    Command command;
    std::string config;  ///< configuration file; empty: look in the default places
};

/// Parses the command line. Returns an exit code if there is nothing to run: after printing the
/// help or the version, or after printing why the arguments are invalid.
std::expected<CommandLine, Exit> parse(int argc, char** argv);

}  // namespace facebus::cli
