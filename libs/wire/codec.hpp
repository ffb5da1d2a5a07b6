// Structs to MessagePack headers and back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "wire/messages.hpp"

namespace facebus::wire {

inline constexpr std::size_t max_header_bytes = std::size_t{64} * 1024;
inline constexpr std::size_t max_payload_bytes = std::size_t{128} * 1024 * 1024;
inline constexpr std::size_t max_areas = 64;
inline constexpr std::size_t max_faces = 256;
inline constexpr std::int32_t max_side = 16384;

/// The header as a MessagePack map with the keys of schemas/<topic>.json.
template <class Message>
std::string encode(const Message& message);

/// Checks, in this order: size cap, unpack limits, version, keys and types, ranges, and that the
/// payload has exactly the size that the header promises. Unknown keys are ignored. Wire input is
/// hostile: every failure is an Error (malformed, unsupported, too_large), never an exception.
template <class Message>
Result<Message> decode(std::string_view header, std::size_t payload_bytes);

/// The first part of a topic: "identity" of "identity.door".
std::string_view kind(std::string_view topic);

/// The topic of a message: "<kind>.<src>".
template <class Message>
std::string topic(const Message& message) {
    return std::string(Message::topic) + "." + message.head.src;
}

/// Whether a name may be a camera's or a service's: 1 to 64 of A-Z a-z 0-9 _ -
bool valid_source(std::string_view name);

}  // namespace facebus::wire
