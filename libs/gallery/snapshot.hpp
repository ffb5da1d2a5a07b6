// The gallery in memory: what a worker matches against.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/embedding.hpp"

namespace facebus::gallery {

/// One enrolled face.
struct Sample {
    std::string id;
    std::string subject_id;
    std::string source;  ///< where it came from, for people: a file name
    std::string model_id;
    float quality = 0;         ///< Quality::overall of the crop
    std::int64_t created = 0;  ///< ns UTC
    Embedding embedding{};
};

struct Subject {
    std::string id;
    std::string name;
    std::int64_t created = 0;  ///< ns UTC
};

/// A subject as an answer.
struct Candidate {
    std::string subject_id;
    std::string name;
    float similarity = -1;             ///< mean of the best `best_k` samples, or of all if fewer
    std::vector<std::string> samples;  ///< ids of the samples that decided, best first
};

struct Match {
    std::optional<Candidate> best;
    std::optional<Candidate> runner_up;  ///< the best other subject
};

/// Samples whose similarities are averaged into a subject's score.
inline constexpr std::size_t best_k = 3;

/// An immutable copy of the gallery. Thread-safe, being read-only.
class Snapshot {
  public:
    Snapshot() = default;
    /// Samples of another model than `model_id`, or of no listed subject, are left out; see
    /// foreign_samples(). Precondition: embeddings are unit vectors; `damaged` is for
    /// damaged_samples().
    Snapshot(const std::string& model_id, std::vector<Subject> subjects,
             const std::vector<Sample>& samples, std::string version, std::size_t damaged = 0);

    /// The two subjects most like the template. Exact: every sample is looked at. Of equal subjects
    /// the one with the lower id comes first.
    [[nodiscard]] Match match(const Embedding& probe) const;
    /// The same as if the sample in `left_out` were not there.
    [[nodiscard]] Match match_without(const Embedding& probe, std::size_t left_out) const;

    [[nodiscard]] std::size_t subjects() const;
    [[nodiscard]] std::size_t samples() const;
    /// The sample in a row, 0 .. samples() - 1; a subject's samples stand together.
    struct RowView {
        const Subject& subject;
        std::span<const float, embedding_size> embedding;
    };
    [[nodiscard]] RowView row(std::size_t place) const;
    [[nodiscard]] const std::string& model_id() const { return model_id_; }
    /// Samples left out because another model made them.
    [[nodiscard]] std::size_t foreign_samples() const { return foreign_; }
    /// Samples left out because what Redis holds of them makes no sense.
    [[nodiscard]] std::size_t damaged_samples() const { return damaged_; }
    /// Position in the gallery's change stream that this copy shows.
    [[nodiscard]] const std::string& version() const { return version_; }

  private:
    struct Row {
        std::uint32_t subject = 0;
        std::string sample_id;
    };
    std::string model_id_;
    std::vector<Subject> subjects_;
    std::vector<Row> rows_;          ///< grouped by subject
    std::vector<float> embeddings_;  ///< rows_.size() x embedding_size, row by row
    std::size_t foreign_ = 0;
    std::size_t damaged_ = 0;
    std::string version_ = "0-0";
};

}  // namespace facebus::gallery
