// Random ids of subjects and samples, and ids of Redis stream entries.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace facebus::gallery {

/// Returns 128 random bits as 32 lower-case hex digits. Throws std::system_error if the kernel
/// cannot provide random numbers.
std::string new_id();

/// Returns whether the text consists of 32 lower-case hex digits, as new_id() returns them.
bool valid_id(std::string_view text);

/// Returns the id formatted as a UUID, with dashes (8-4-4-4-12). Requires: valid_id(id).
std::string to_uuid(std::string_view id);
/// Returns the UUID without its dashes and in lower case. Returns `uuid` unchanged if it does not
/// have 36 characters with dashes at the positions of a UUID.
std::string from_uuid(std::string_view uuid);

/// An id as 16 bytes. Packed ids sort in the same order as ids in text form.
using PackedId = std::array<std::uint8_t, 16>;
/// Returns the id in packed form. Requires: valid_id(id).
PackedId pack_id(std::string_view id);
/// Returns the 32 hex digits of a packed id.
std::string unpack_id(const PackedId& id);

/// Returns whether the text has the form of a Redis stream id, such as 1700000000000-0.
bool valid_stream_id(std::string_view text);
/// Returns the milliseconds and the number in a Redis stream id. Pairs sort in the order of the
/// stream. Requires: valid_stream_id(id).
std::pair<std::uint64_t, std::uint64_t> parse_stream_id(std::string_view id);

}  // namespace facebus::gallery
