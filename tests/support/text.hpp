// Text with one replaced part.
#pragma once

#include <string>

#include <boost/test/unit_test.hpp>

namespace facebus::test {

/// Returns `text` with the first `from` replaced by `to`. Requires: `text` contains `from`.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto place = text.find(from);
    BOOST_REQUIRE_MESSAGE(place != std::string::npos, from);
    return text.replace(place, from.size(), to);
}

}  // namespace facebus::test
