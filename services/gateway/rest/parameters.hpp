// What a client may ask for in the query of a request. Taken for hostile.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "gateway/fault.hpp"

namespace facebus::gateway {

using Query = std::multimap<std::string, std::string>;

/// How pictures are searched and what is told of their faces.
struct PictureOptions {
    std::size_t limit = 0;        ///< faces at most, the largest first; 0: all
    std::size_t predictions = 1;  ///< subjects told of each face at most
    float min_score = 0;          ///< of the detector, 0..1
    bool landmarks = false;
    bool embedding = false;
    bool status = false;  ///< tell of times and versions
};
/// limit, prediction_count, det_prob_threshold, face_plugins and status, as CompreFace names them.
Answered<PictureOptions> picture_options(const Query& query);

/// A part of a long list.
struct Page {
    std::size_t number = 0;  ///< from 0
    std::size_t size = 20;
};
Answered<Page> page(const Query& query);

/// The value of a parameter that is there once and not empty; nothing if it is not there.
Answered<std::optional<std::string>> text_of(const Query& query, const std::string& name);
/// The same where it has to be there.
Answered<std::string> required_text(const Query& query, const std::string& name);

}  // namespace facebus::gateway
