// Declaration of configuration keys: a struct of options lists each key once, with its range and
// help text.
//
//     struct CameraOptions {
//         double frame_rate = 0;
//
//         static void keys(auto& self, auto&& key) {
//             key("frame_rate", self.frame_rate, Range{0, 1000}, "frames per second, 0: all");
//         }
//     };
//
// Enums have Choices instead of a Range; strings and booleans have neither. libs/service fills such
// structs from facebus.yaml and environment variables.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace facebus {

/// Numbers that a key accepts, including both limits.
struct Range {
    double lowest;
    double highest;
};

/// Words that a key accepts, each with the value that it sets.
template <class Value>
struct Choices {
    std::vector<std::pair<std::string, Value>> words;
};

}  // namespace facebus
