// Names for things that nobody has to agree on.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace facebus::gallery {

/// 128 random bits as 32 hex digits.
std::string new_id();

/// Whether the text looks like one of new_id().
bool valid_id(std::string_view text);

/// An id with the dashes of a UUID, 8-4-4-4-12, and without them again; what has none comes back as
/// it is. Precondition of the first: valid_id().
std::string to_uuid(std::string_view id);
std::string from_uuid(std::string_view uuid);

/// An id in half the memory, in the same order.
using PackedId = std::array<std::uint8_t, 16>;
/// Precondition: valid_id().
PackedId pack_id(std::string_view id);
std::string unpack_id(const PackedId& id);

/// Whether the text looks like the id of an entry in a stream: 1700000000000-0.
bool valid_stream_id(std::string_view text);

}  // namespace facebus::gallery
