// Declaration of configuration keys: a struct of options lists each key once, with range and help.
//
//     struct CameraOptions {
//         double frame_rate = 0;
//
//         static void keys(auto& self, auto&& key) {
//             key("frame_rate", self.frame_rate, Range{0, 1000}, "frames per second, 0: all");
//         }
//     };
//
// Strings and booleans have no range. libs/service reads such structs from facebus.yaml.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace facebus {

/// Closed range of the numbers that a key accepts.
struct Range {
    double lowest;
    double highest;
};

/// The words that a key accepts, each with its value.
template <class Value>
struct Choices {
    std::vector<std::pair<std::string, Value>> words;
};

}  // namespace facebus
