// Converts faces to JSON, with the fields of CompreFace and additional fields of facebus.
#pragma once

#include <string>

#include "gateway/faces/face_stage.hpp"
#include "json.hpp"
#include "live_gallery/gallery_watcher.hpp"

namespace facebus::gateway {

/// Returns the face's box and quality, and the optional fields that `options` selects.
Json face_json(const DetectedFaces& detected, const DetectedFace& face,
               const ImageOptions& options);
/// Adds the decision and the candidates to the JSON of a face. The field `candidates` lists the
/// most similar subjects that are not ignored, whatever the decision. The field `subjects`, which
/// clients of CompreFace read, is empty unless the decision is `known`. A client that uses the
/// first entry of `subjects` therefore names only people that facebus recognised.
void add_recognised(Json& face, const RecognisedFace& recognised);
/// Compares two faces: adds their similarity and score, the thresholds, and whether the score
/// reaches its threshold.
void add_comparison(Json& face, const Embedding& a, const Embedding& b,
                    const live_gallery::GalleryWatcher::View& view);

/// Adds the name of the detector and the model id if `options.status` is true.
void add_versions(Json& body, const std::string& detector, const std::string& model_id,
                  const ImageOptions& options);

}  // namespace facebus::gateway
