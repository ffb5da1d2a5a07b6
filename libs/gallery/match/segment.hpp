// A part of the gallery in memory.
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

/// Some subjects with their samples as rows, in the order of the subjects' ids: some two megabytes
/// that a changed gallery shares with the one before if nobody in them changed. Built by append();
/// thread-safe from then on, being read-only.
class Segment {
  public:
    /// Takes a subject in after the others. Samples of another model than `model_id` are left out
    /// and counted. Precondition: valid ids, the subject's above those that are here already.
    void append(const SubjectRecord& record, const std::string& model_id);
    /// The same with a subject of another segment.
    void append(const Segment& other, std::size_t subject);
    /// Gives back the memory that was kept for more.
    void shrink();

    [[nodiscard]] std::size_t subjects() const { return subjects_.size(); }
    [[nodiscard]] std::size_t rows() const { return scales_.size(); }
    [[nodiscard]] const PackedId& subject_id(std::size_t subject) const {
        return subjects_[subject].id;
    }
    [[nodiscard]] std::string_view name(std::size_t subject) const;
    [[nodiscard]] bool ignored(std::size_t subject) const;
    /// Whose row it is.
    [[nodiscard]] std::size_t subject_of(std::size_t row) const;
    /// A subject's rows: from the first up to and without the end.
    [[nodiscard]] std::size_t first_row(std::size_t subject) const;
    [[nodiscard]] std::size_t end_row(std::size_t subject) const {
        return subjects_[subject].end_row;
    }
    [[nodiscard]] std::size_t foreign(std::size_t subject) const {
        return subjects_[subject].foreign;
    }
    [[nodiscard]] std::size_t damaged(std::size_t subject) const {
        return subjects_[subject].damaged;
    }

    [[nodiscard]] std::string sample_id(std::size_t row) const {
        return unpack_id(sample_ids_[row]);
    }
    [[nodiscard]] Embedding embedding(std::size_t row) const;
    [[nodiscard]] float similarity(std::size_t row, const Embedding& probe) const;

    /// The high bytes of all rows, for coarse_products(), and what a row's product is multiplied
    /// with, beside the probe's own scale.
    [[nodiscard]] const std::int8_t* high() const { return high_.data(); }
    [[nodiscard]] float coarse_scale(std::size_t row) const { return scales_[row] * high_step; }
    /// The greatest length of what the high bytes leave out of a row, and of what they hold.
    [[nodiscard]] float coarse_error() const { return coarse_error_; }
    [[nodiscard]] float coarse_length() const { return coarse_length_; }

  private:
    struct Entry {
        PackedId id;
        std::uint32_t end_name;
        std::uint32_t end_row;
        std::uint32_t foreign;
        std::uint32_t damaged;
    };
    void append_row(const PackedId& id, const std::int8_t* high, const std::uint8_t* low,
                    float scale);
    void close(const PackedId& id, std::string_view name, bool ignored, std::size_t foreign,
               std::size_t damaged);

    std::vector<Entry> subjects_;
    std::vector<std::uint32_t> ignored_;  ///< which of them are, in order; mostly none
    std::string names_;                   ///< one behind the other
    std::vector<PackedId> sample_ids_;
    std::vector<std::int8_t> high_;  ///< rows x embedding_size
    std::vector<std::uint8_t> low_;  ///< rows x low_bytes
    std::vector<float> scales_;
    float coarse_error_ = 0;
    float coarse_length_ = 0;
};

}  // namespace facebus::gallery
