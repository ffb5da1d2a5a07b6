// Writing files whole.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/error.hpp"

namespace facebus {

/// Writes the file through a temporary one beside it, so that it is there whole or as it was
/// before. Error: unavailable, with the name and the reason.
Result<void> write_file(const std::filesystem::path& file, std::string_view bytes);
/// The same for a secret: nobody but the owner may read or write the file.
Result<void> write_private_file(const std::filesystem::path& file, std::string_view bytes);

}  // namespace facebus
