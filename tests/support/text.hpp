// Texts that are good but for one place.
#pragma once

#include <string>

#include <boost/test/unit_test.hpp>

namespace facebus::test {

/// `text` with `to` in the place of the first `from`, which has to be there.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto place = text.find(from);
    BOOST_REQUIRE_MESSAGE(place != std::string::npos, from);
    return text.replace(place, from.size(), to);
}

}  // namespace facebus::test
