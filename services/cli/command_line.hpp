// Parses the command line of `facebus`.
#pragma once

#include <expected>
#include <functional>
#include <string>

#include "cli/commands.hpp"

namespace facebus::cli {

/// The chosen command, bound to its options. Called after the configuration has been read.
using Command = std::function<Exit(const Context&)>;

struct CommandLine {
    Command command;
    std::string config;  ///< configuration file; empty: see settings::load()
};

/// Parses the command line. Returns an exit code if there is no command to run: after printing the
/// help, the version or the default configuration, or after printing why the arguments are invalid.
std::expected<CommandLine, Exit> parse(int argc, char** argv);

}  // namespace facebus::cli
