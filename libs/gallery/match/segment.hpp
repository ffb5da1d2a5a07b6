// Part of the gallery in memory, in the layout that the search scans.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedding.hpp"
#include "gallery/id.hpp"
#include "gallery/match/compact.hpp"
#include "gallery/score/score_space.hpp"
#include "gallery/subject.hpp"

namespace facebus::gallery {

/// Some subjects of the gallery, sorted by id, with one row per sample. The rows of a subject are
/// consecutive. A row has 920 bytes and stores the centred embedding; see ScoreSpace. Snapshots
/// share unchanged segments. Thread-safe after the last call of append() and shrink().
class Segment {
  public:
    /// Appends a subject. Omits and counts samples of models other than `model_id`. Keeps only one
    /// of several samples with the same id. Requires: all ids are valid, and the id of the subject
    /// is greater than those of all subjects in the segment.
    void append(const SubjectRecord& record, const std::string& model_id, const ScoreSpace& space);
    /// Appends the subject with the index `subject` in `other`. Requires: its id is greater than
    /// those of all subjects in this segment, and both use the same score space.
    void append(const Segment& other, std::size_t subject);
    /// Releases memory that is reserved for further subjects and rows.
    void shrink();

    [[nodiscard]] std::size_t subjects() const { return subjects_.size(); }
    [[nodiscard]] std::size_t rows() const { return scales_.size(); }
    [[nodiscard]] const PackedId& subject_id(std::size_t subject) const {
        return subjects_[subject].id;
    }
    [[nodiscard]] std::string_view name(std::size_t subject) const;
    [[nodiscard]] bool ignored(std::size_t subject) const;
    /// Returns the index of the subject that a row belongs to.
    [[nodiscard]] std::size_t subject_of(std::size_t row) const;
    /// The rows of a subject begin at first_row() and end before end_row().
    [[nodiscard]] std::size_t first_row(std::size_t subject) const;
    [[nodiscard]] std::size_t end_row(std::size_t subject) const {
        return subjects_[subject].end_row;
    }
    /// Returns the number of samples of a subject that were omitted because another model computed
    /// them.
    [[nodiscard]] std::size_t other_model_samples(std::size_t subject) const {
        return subjects_[subject].other_model;
    }
    /// Returns the number of samples of a subject that were omitted because they cannot be decoded.
    [[nodiscard]] std::size_t damaged_samples(std::size_t subject) const {
        return subjects_[subject].damaged;
    }

    [[nodiscard]] std::string sample_id(std::size_t row) const {
        return unpack_id(sample_ids_[row]);
    }
    /// Returns the centred embedding of a row.
    [[nodiscard]] Embedding centred(std::size_t row) const;
    /// Returns the dot product of the centred embeddings of a row and a probe, plus offset().
    [[nodiscard]] float score(std::size_t row, const Embedding& probe) const;
    /// Returns the addend that the row contributes to its scores; see ScoreSpace::offset().
    [[nodiscard]] float offset(std::size_t row) const { return offsets_[row]; }

    /// Returns the high parts of all rows (see CompactEmbedding), for coarse_products().
    [[nodiscard]] const std::int8_t* high() const { return high_.data(); }
    /// Returns the scale of the high parts of a row; see CoarseProbes::scale().
    [[nodiscard]] float coarse_scale(std::size_t row) const { return scales_[row] * high_step; }
    /// Returns an upper bound of the norms of the low parts of all rows; see CompactEmbedding.
    [[nodiscard]] float coarse_error() const { return coarse_error_; }
    /// Returns an upper bound of the norms of the high parts of all rows.
    [[nodiscard]] float coarse_norm() const { return coarse_norm_; }

  private:
    struct Entry {
        PackedId id;
        std::uint32_t end_name;     ///< end of the name in names_, where the next name begins
        std::uint32_t end_row;      ///< end of the subject's rows, where those of the next begin
        std::uint32_t other_model;  ///< number of samples of other models
        std::uint32_t damaged;      ///< number of samples that cannot be decoded
    };
    void append_row(const PackedId& id, const std::int8_t* high, const std::uint8_t* low,
                    float scale, float offset);
    /// Assigns the rows appended since the previous subject to this subject.
    void finish_subject(const PackedId& id, std::string_view name, bool ignored,
                        std::size_t other_model, std::size_t damaged);

    std::vector<Entry> subjects_;
    std::vector<std::uint32_t> ignored_;  ///< indices of ignored subjects, ascending; usually empty
    std::string names_;                   ///< names of all subjects, concatenated
    // One element or group of elements per row:
    std::vector<PackedId> sample_ids_;
    std::vector<std::int8_t> high_;  ///< rows x embedding_size
    std::vector<std::uint8_t> low_;  ///< rows x low_bytes
    std::vector<float> scales_;
    std::vector<float> offsets_;

    float coarse_error_ = 0;
    float coarse_norm_ = 0;
};

}  // namespace facebus::gallery
