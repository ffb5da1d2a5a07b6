// The normalised score of two faces, which is compared instead of their cosine similarity.
//
// With c(x, y) the cosine of the centred embeddings, and m(x) the mean of the highest similarities
// between x and the vectors of the cohort,
//   score(x, y) = c(x, y) - (m(x) + m(y)) / 2.
// A face that resembles many people has a high m, so its resemblance to one of them counts less.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "gallery/match/compact.hpp"
#include "gallery/score/adaptation.hpp"
#include "gallery/score/cohort.hpp"

namespace facebus::gallery {

/// Computes scores with one cohort. Without a cohort, the score is the cosine similarity. With an
/// adaptation, samples are normalised with its vectors, and probes of its cameras must pass through
/// adapted(). Thread-safe.
class ScoreSpace {
  public:
    /// Without a cohort.
    ScoreSpace() = default;
    /// Requires: the cohort has at least `nearest` vectors.
    explicit ScoreSpace(const Cohort& cohort);

    /// With an adaptation that has the id `id`. If `adaptation` is nullptr, only the id is kept;
    /// see adaptation_id(). Requires: also, the adaptation is for the model of the cohort.
    ScoreSpace(const Cohort& cohort, std::string id, std::shared_ptr<const Adaptation> adaptation);

    /// Returns the space of the cohort that ships for the model, or one without a cohort.
    static std::shared_ptr<const ScoreSpace> of(const std::string& model_id);
    /// Returns the same with the stored adaptation that has this id, or nullptr if the adaptation
    /// cannot be used. It is also not used if no cohort ships for the model.
    static std::shared_ptr<const ScoreSpace> of(const std::string& model_id, std::string id,
                                                std::shared_ptr<const Adaptation> adaptation);

    [[nodiscard]] bool has_cohort() const { return vectors_.has_value(); }
    /// Returns the model of the cohort, or an empty string without a cohort.
    [[nodiscard]] const std::string& model_id() const { return model_id_; }
    /// Returns the adaptation, or nullptr if there is none.
    [[nodiscard]] const Adaptation* adaptation() const { return adaptation_.get(); }
    /// Returns the id of the stored adaptation, even if it cannot be used; empty: none is stored.
    [[nodiscard]] const std::string& adaptation_id() const { return adaptation_id_; }
    /// Returns what is compared instead of the probe of a camera: a unit vector, not centred.
    /// Leaves a zero vector unchanged. Requires: there is an adaptation.
    [[nodiscard]] Embedding adapted(const Embedding& probe) const;

    /// Returns the centred embedding, a unit vector. Leaves a zero vector unchanged.
    [[nodiscard]] Embedding centred(const Embedding& embedding) const;
    /// Returns the unit vector of which `centred` is the centred embedding.
    [[nodiscard]] Embedding original(const Embedding& centred) const;

    /// Computes -m(x) / 2 for `count` centred and quantised embeddings, and stores it in `out`.
    /// `high` points to the high parts (see CompactEmbedding) and `scales` to the scales of the
    /// embeddings.
    void offsets(const std::int8_t* high, const float* scales, std::size_t count, float* out) const;
    /// Computes what samples add to their scores: the same as offsets(), or with the vectors of the
    /// adaptation if it has any.
    void sample_offsets(const std::int8_t* high, const float* scales, std::size_t count,
                        float* out) const;
    /// Returns -m(x) / 2 for one centred embedding.
    [[nodiscard]] float offset(const Embedding& centred) const;

    /// Returns the score of two embeddings, which need not be centred.
    [[nodiscard]] float score(const Embedding& a, const Embedding& b) const;

  private:
    std::string model_id_;
    Embedding mean_{};
    float rest_ = 1;  ///< 1 - |mean|^2
    std::optional<CoarseProbes> vectors_;
    std::size_t nearest_ = 0;
    std::shared_ptr<const Adaptation> adaptation_;
    std::string adaptation_id_;
    std::optional<CoarseProbes> sample_vectors_;  ///< those of the adaptation, if it has any
};

}  // namespace facebus::gallery
