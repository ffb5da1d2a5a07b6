// Encodes message headers as MessagePack and decodes them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "wire/messages.hpp"

namespace facebus::wire {

// Limits that every message must respect.
inline constexpr std::size_t max_header_bytes = std::size_t{64} * 1024;
inline constexpr std::size_t max_payload_bytes = std::size_t{128} * 1024 * 1024;
inline constexpr std::size_t max_areas = 64;
inline constexpr std::size_t max_faces = 256;
inline constexpr std::size_t max_id_bytes = 160;
inline constexpr std::int32_t max_side = 16384;  ///< pixels, width or height of a frame or area

/// Returns the header of a message: a MessagePack map with the keys of schemas/<kind>.json.
template <class Message>
std::string encode(const Message& message);

/// Decodes and validates a header. Checks, in this order: sizes of header and payload, sizes and
/// nesting depth of the MessagePack elements, version, keys and types, ranges, and whether the
/// payload has the size that follows from the header. Ignores unknown keys. The input may be
/// hostile. Errors: malformed, unsupported, too_large. Does not throw.
template <class Message>
Result<Message> decode(std::string_view header, std::size_t payload_bytes);

/// Returns the kind of message that a topic names: "identity" for "identity.door".
std::string_view kind(std::string_view topic);

/// Returns the topic of a message: "<kind>.<src>".
template <class Message>
std::string topic(const Message& message) {
    return std::string(Message::kind) + "." + message.head.src;
}

/// Returns whether `name` is a valid name of a camera or service: 1 to 64 characters from A-Z, a-z,
/// 0-9, _ and -
bool valid_source(std::string_view name);

/// Returns whether `id` is a valid id of a probe, track, event, subject, sample or run: 1 to 160
/// characters from A-Z, a-z, 0-9 and _ . : / -
bool valid_id(std::string_view id);

}  // namespace facebus::wire
