// How a struct of options declares its keys: each once, with its default, range and help.
//
//     struct CameraOptions {
//         double frame_rate = 0;
//
//         static void keys(auto& self, auto&& key) {
//             key("frame_rate", self.frame_rate, Range{0, 1000}, "frames per second, 0: all");
//         }
//     };
//
// A text or a bool has no range. libs/service reads such structs from facebus.yaml.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace facebus {

/// The numbers that a key accepts.
struct Range {
    double lowest;
    double highest;
};

/// The words that a key accepts, and what each stands for.
template <class Value>
struct Choices {
    std::vector<std::pair<std::string, Value>> words;
};

}  // namespace facebus
