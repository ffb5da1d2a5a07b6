// Names for things that nobody has to agree on.
#pragma once

#include <string>
#include <string_view>

namespace facebus::gallery {

/// 128 random bits as 32 hex digits.
std::string new_id();

/// Whether the text looks like one of new_id().
bool valid_id(std::string_view text);

/// Whether the text looks like the id of an entry in a stream: 1700000000000-0.
bool valid_stream_id(std::string_view text);

}  // namespace facebus::gallery
