// Faces as JSON: the fields of CompreFace and those that facebus adds.
#pragma once

#include <string>

#include "gateway/faces/face_stage.hpp"
#include "json.hpp"

namespace facebus::gateway {

/// Returns box and quality, and the optional fields that `options` selects.
Json face_json(const DetectedFaces& found, const DetectedFace& face, const ImageOptions& options);
/// Adds the decision and its candidates to a face. `subjects` is empty unless the decision is
/// `known`, so a client that reads only CompreFace's fields never names an unknown person.
/// `candidates` always lists the most similar subjects.
void add_recognised(Json& face, const Recognised& recognised);
/// Adds the similarity to another face and whether both are the same person.
void add_comparison(Json& face, float similarity, const gallery::Policy& policy);

/// Adds the versions of detector and network, if `options.status` is set.
void add_versions(Json& answer, const std::string& detector, const std::string& model_id,
                  const ImageOptions& options);

}  // namespace facebus::gateway
