// Parses the query parameters of requests. They are untrusted input.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "gateway/fault.hpp"

namespace facebus::gateway {

/// Query parameters after URL decoding: name -> value.
using Query = std::multimap<std::string, std::string>;

/// Selects the faces of an image to return, and the optional fields of each face.
struct ImageOptions {
    std::size_t limit = 0;         ///< maximum number of faces, largest first; 0: 256
    std::size_t predictions = 1;   ///< maximum number of subjects per face
    float min_score = 0;           ///< minimum detector score, 0 to 1
    bool landmarks = false;        ///< return the landmarks of each face
    bool embedding = false;        ///< return the embedding of each face
    bool status = false;           ///< return processing times and versions
    bool allow_duplicate = false;  ///< enrol a face although it belongs to another subject
};
/// Parses CompreFace's parameters `limit`, `prediction_count`, `det_prob_threshold`, `face_plugins`
/// and `status`, and facebus's own `allow_duplicate`. Fails if a value is invalid or a parameter
/// occurs more than once.
HttpResult<ImageOptions> parse_image_options(const Query& query);

/// One page of a long list.
struct ListPage {
    std::size_t number = 0;  ///< page number, counted from 0
    std::size_t size = 20;   ///< maximum number of entries on a page
};
/// Parses the parameters `page` and `size`. Fails if a value is invalid or a parameter occurs more
/// than once.
HttpResult<ListPage> parse_list_page(const Query& query);

/// Returns the value of a parameter, or nothing if it is missing. Fails if it occurs more than
/// once.
HttpResult<std::optional<std::string>> optional_parameter(const Query& query,
                                                          const std::string& name);
/// Returns the value of a parameter. Fails if it is missing or empty, or if it occurs more than
/// once.
HttpResult<std::string> required_parameter(const Query& query, const std::string& name);

}  // namespace facebus::gateway
