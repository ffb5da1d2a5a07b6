// Parses the query parameters of requests. Input is untrusted.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "gateway/fault.hpp"

namespace facebus::gateway {

using Query = std::multimap<std::string, std::string>;

/// Which faces of an image to return, with which fields.
struct ImageOptions {
    std::size_t limit = 0;        ///< maximum number of faces, largest first; 0: all
    std::size_t predictions = 1;  ///< maximum number of subjects per face
    float min_score = 0;          ///< detector score, 0..1
    bool landmarks = false;
    bool embedding = false;
    bool status = false;  ///< return processing times and versions
};
/// Parses CompreFace's parameters limit, prediction_count, det_prob_threshold, face_plugins and
/// status.
Answered<ImageOptions> image_options(const Query& query);

/// Page of a long list.
struct Page {
    std::size_t number = 0;  ///< from 0
    std::size_t size = 20;
};
/// Parses the parameters page and size.
Answered<Page> page(const Query& query);

/// Returns the value of a parameter, or nothing if it is missing. Fails if it occurs twice.
Answered<std::optional<std::string>> text_of(const Query& query, const std::string& name);
/// Returns the value of a parameter. Fails if it is missing, empty or occurs twice.
Answered<std::string> required_text(const Query& query, const std::string& name);

}  // namespace facebus::gateway
