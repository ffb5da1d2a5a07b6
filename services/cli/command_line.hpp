// Parser of the flags of `facebus`.
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
    std::string config;  ///< configuration file; empty: the default places are searched
};

/// Parses the flags. Returns an exit code if there is nothing to run: after printing the answer to
/// --help or --version, or after printing why the flags are invalid.
std::expected<CommandLine, Exit> parse(int argc, char** argv);

}  // namespace facebus::cli
