// A contiguous part of the gallery in memory, in the layout that the matcher scans.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedding.hpp"
#include "gallery/id.hpp"
#include "gallery/match/compact.hpp"
#include "gallery/subject.hpp"

namespace facebus::gallery {

/// Subjects in the order of their ids, with one row per sample; the rows of a subject are
/// consecutive. About two megabytes. Snapshots share the segments in which nothing changed. Built
/// by append(); read-only and thread-safe afterwards.
class Segment {
  public:
    /// Appends a subject. Counts and omits samples of another model than `model_id`. Requires: the
    /// ids are valid, and that of the subject is greater than all ids in the segment.
    void append(const SubjectRecord& record, const std::string& model_id);
    /// Appends a subject of another segment. Requires: as above.
    void append(const Segment& other, std::size_t subject);
    /// Releases the memory reserved for more rows.
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
    /// Returns the rows of a subject: [first_row, end_row).
    [[nodiscard]] std::size_t first_row(std::size_t subject) const;
    [[nodiscard]] std::size_t end_row(std::size_t subject) const {
        return subjects_[subject].end_row;
    }
    /// Returns the number of samples omitted because another model made them (other_model) or because
    /// they do not decode (damaged).
    [[nodiscard]] std::size_t other_model_samples(std::size_t subject) const {
        return subjects_[subject].other_model;
    }
    [[nodiscard]] std::size_t damaged_samples(std::size_t subject) const {
        return subjects_[subject].damaged;
    }

    [[nodiscard]] std::string sample_id(std::size_t row) const {
        return unpack_id(sample_ids_[row]);
    }
    [[nodiscard]] Embedding embedding(std::size_t row) const;
    [[nodiscard]] float similarity(std::size_t row, const Embedding& probe) const;

    /// Returns the high bytes of all rows for coarse_products(), and the factor of a row by which
    /// its product is multiplied. The probe has a factor too; see CoarseProbes::scale().
    [[nodiscard]] const std::int8_t* high() const { return high_.data(); }
    [[nodiscard]] float coarse_scale(std::size_t row) const { return scales_[row] * high_step; }
    /// Returns an upper bound for the length of the low part, and of the high part, of every row.
    [[nodiscard]] float coarse_error() const { return coarse_error_; }
    [[nodiscard]] float coarse_length() const { return coarse_length_; }

  private:
    struct Entry {
        PackedId id;
        std::uint32_t end_name;  ///< in names_; the name begins at the end of the previous one
        std::uint32_t end_row;   ///< the rows begin at the end of the previous subject
        std::uint32_t other_model;
        std::uint32_t damaged;
    };
    void append_row(const PackedId& id, const std::int8_t* high, const std::uint8_t* low,
                    float scale);
    void finish_subject(const PackedId& id, std::string_view name, bool ignored, std::size_t other_model,
               std::size_t damaged);

    std::vector<Entry> subjects_;
    std::vector<std::uint32_t> ignored_;  ///< indices of ignored subjects, ascending; mostly none
    std::string names_;                   ///< names of all subjects, concatenated
    std::vector<PackedId> sample_ids_;
    std::vector<std::int8_t> high_;  ///< rows x embedding_size
    std::vector<std::uint8_t> low_;  ///< rows x low_bytes
    std::vector<float> scales_;
    float coarse_error_ = 0;
    float coarse_length_ = 0;
};

}  // namespace facebus::gallery
