// Replacement of a part of a text.
#pragma once

#include <string>

#include <boost/test/unit_test.hpp>

namespace facebus::test {

/// Returns `text` with the first `from` replaced by `to`. Requires: `text` contains `from`.
inline std::string replace_once(std::string text, const std::string& from, const std::string& to) {
    const auto position = text.find(from);
    BOOST_REQUIRE_MESSAGE(position != std::string::npos, from);
    return text.replace(position, from.size(), to);
}

}  // namespace facebus::test
