// Erases the traces of removed and ignored people.
#pragma once

#include <filesystem>
#include <string>

#include "cli/commands.hpp"
#include "gallery/store/erasure.hpp"

namespace facebus::cli {

/// Runs all pending erasures until they are complete, or until the phase `until` is next. Prints
/// what it does if that takes longer than a second. If it fails or is interrupted, throws
/// FatalError. The message then begins with `done`, which states what has taken effect already, and
/// ends with `command`, the subcommand of `facebus` to repeat.
void erase(const Context& context, gallery::Eraser& eraser, const std::string& done,
           const std::string& command, gallery::ErasurePhase until = gallery::ErasurePhase::none);

/// Returns the option --passphrase with this file and a space before it, to be appended to a
/// command; or nothing if there is no passphrase.
std::string passphrase_option(const std::filesystem::path& file);

}  // namespace facebus::cli
