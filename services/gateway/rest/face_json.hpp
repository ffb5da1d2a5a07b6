// Faces as CompreFace's clients read them, and what we tell beyond that.
#pragma once

#include <string>

#include "gateway/faces/face_stage.hpp"
#include "json.hpp"

namespace facebus::gateway {

/// Box, quality, and what the options ask for.
Json face_json(const PictureFaces& found, const PictureFace& face, const PictureOptions& options);
/// Adds to a face who it shows. `subjects` names somebody only if the decision is `known`, so that
/// a client that looks no further names no stranger; `candidates` has the most similar ones always.
void add_recognised(Json& face, const Recognised& recognised);
/// Adds to a face how much it is like another, and whether that is the same person.
void add_comparison(Json& face, float similarity, const gallery::Policy& policy);

/// Adds to an answer what made it, where the options ask for that.
void add_versions(Json& answer, const std::string& detector, const std::string& model_id,
                  const PictureOptions& options);

}  // namespace facebus::gateway
