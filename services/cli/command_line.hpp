// The flags of `facebus`.
#pragma once

#include <expected>
#include <functional>
#include <string>

#include "cli/commands.hpp"

namespace facebus::cli {

/// What the flags ask for: the command, once the configuration is read.
using Command = std::function<Exit(const Context&)>;

struct CommandLine {
    Command command;
    std::string config;  ///< file; empty: where it is looked for
};

/// Reads the flags. The exit code instead where there is nothing to do (--help, --version) or they
/// make no sense, after printing what has to be said.
std::expected<CommandLine, Exit> parse(int argc, char** argv);

}  // namespace facebus::cli
