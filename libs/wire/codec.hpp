// Encoding of messages as MessagePack headers, and decoding.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "wire/messages.hpp"

namespace facebus::wire {

// Limits of a valid message.
inline constexpr std::size_t max_header_bytes = std::size_t{64} * 1024;
inline constexpr std::size_t max_payload_bytes = std::size_t{128} * 1024 * 1024;
inline constexpr std::size_t max_areas = 64;
inline constexpr std::size_t max_faces = 256;
inline constexpr std::int32_t max_side = 16384;  ///< pixels, width or height of a frame or area

/// Returns the header as a MessagePack map with the keys of schemas/<topic>.json.
template <class Message>
std::string encode(const Message& message);

/// Decodes and validates a header. Checks, in this order: total size, MessagePack limits, version,
/// keys and types, ranges, and that the payload has exactly the size that the header announces.
/// Ignores unknown keys. Treats all input as hostile: returns an Error (malformed, unsupported,
/// too_large) and never throws.
template <class Message>
Result<Message> decode(std::string_view header, std::size_t payload_bytes);

/// Returns the first part of a topic: "identity" for "identity.door".
std::string_view kind(std::string_view topic);

/// Returns the topic of a message: "<kind>.<src>".
template <class Message>
std::string topic(const Message& message) {
    return std::string(Message::kind) + "." + message.head.src;
}

/// Returns whether `name` is a valid name of a camera or service: 1 to 64 of A-Z a-z 0-9 _ -
bool valid_source(std::string_view name);

}  // namespace facebus::wire
