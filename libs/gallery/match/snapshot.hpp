// Immutable copy of the gallery in memory, which workers match against.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "gallery/match/matcher.hpp"
#include "gallery/match/segment.hpp"
#include "gallery/subject.hpp"

namespace facebus::gallery {

/// Immutable copy of the gallery, about 1,060 bytes per sample. Copies, and snapshots made by
/// with(), share all segments that did not change. Rows number the samples of the model from 0 to
/// samples() - 1, with the samples of a subject in consecutive rows. Read-only and thread-safe.
class Snapshot {
  public:
    class Builder;

    Snapshot() = default;
    /// Omits samples of another model than `model_id` (see other_model_samples()) and of subjects that
    /// are not listed. Requires: all ids are valid and the embeddings have length 1.
    Snapshot(const std::string& model_id, std::vector<Subject> subjects,
             const std::vector<Sample>& samples, std::string version);

    /// New records of subjects by id; std::nullopt removes the subject.
    using Changes = std::map<std::string, std::optional<SubjectRecord>>;
    /// Returns a snapshot with those changes.
    [[nodiscard]] Snapshot with(const Changes& changes, std::string version) const;

    /// Returns the two subjects most similar to the template; see find_matches().
    [[nodiscard]] Match match(const Embedding& probe) const;
    /// Returns the same without the sample in row `left_out`.
    [[nodiscard]] Match match_without(const Embedding& probe, std::size_t left_out) const;
    /// Matches several templates, much faster than one by one.
    [[nodiscard]] std::vector<Match> match(std::span<const Embedding> probes) const;
    /// Returns the `count` subjects most similar to each template; see find_best().
    [[nodiscard]] std::vector<std::vector<Candidate>> best(std::span<const Embedding> probes,
                                                           std::size_t count) const;

    [[nodiscard]] std::size_t subjects() const { return subjects_; }
    /// Returns the number of subjects with at least one sample of this model.
    [[nodiscard]] std::size_t subjects_with_samples() const { return with_samples_; }
    [[nodiscard]] std::size_t samples() const { return samples_; }
    /// Returns the ids of subjects that begin with `prefix`, in order.
    [[nodiscard]] std::vector<std::string> subject_ids(const std::string& prefix) const;
    /// Returns the ids of the ignored subjects, in order.
    [[nodiscard]] std::vector<std::string> ignored_ids() const;

    struct Named {
        std::string id;
        std::string name;
    };
    /// Returns the first `limit` subjects in the order of their ids.
    [[nodiscard]] std::vector<Named> names(std::size_t limit) const;
    /// Returns the name of the subject with that id, if there is one.
    [[nodiscard]] std::optional<std::string> name_of(const std::string& subject_id) const;

    /// Returns the embedding, as used for matching, and the subject of the sample in a row.
    /// Requires: `row` is less than samples().
    [[nodiscard]] Embedding embedding(std::size_t row) const;
    [[nodiscard]] std::string subject_id(std::size_t row) const;

    [[nodiscard]] const std::string& model_id() const { return model_id_; }
    /// Returns the number of samples omitted because another model made them.
    [[nodiscard]] std::size_t other_model_samples() const { return other_model_samples_; }
    /// Returns the number of samples omitted because their record in Redis does not decode.
    [[nodiscard]] std::size_t damaged_samples() const { return damaged_samples_; }
    /// Returns the position in the change stream of the gallery that this copy represents.
    [[nodiscard]] const std::string& version() const { return version_; }

  private:
    /// A segment and a row in it.
    struct Place {
        const Segment& segment;
        std::size_t row;
    };
    [[nodiscard]] Place place(std::size_t row) const;

    std::string model_id_;
    Segments segments_;                  ///< each has at least one subject
    std::vector<std::size_t> end_rows_;  ///< end of each segment, counted through all
    std::size_t subjects_ = 0;
    std::size_t with_samples_ = 0;
    std::size_t samples_ = 0;
    std::size_t other_model_samples_ = 0;
    std::size_t damaged_samples_ = 0;
    std::string version_ = "0-0";
};

/// Builds a snapshot from subjects in the order of their ids, without a second copy of the gallery.
class Snapshot::Builder {
  public:
    explicit Builder(std::string model_id);

    /// Appends a subject. Requires: its id is valid and greater than all ids before.
    void add(const SubjectRecord& record);
    /// Appends a subject from a segment of another snapshot of the same model. Requires: as above.
    void add(const Segment& segment, std::size_t subject);
    /// Appends a whole segment by reference. Requires: as above.
    void add(const std::shared_ptr<const Segment>& segment);

    /// Starts a new segment for the next subject, and from now on after every `rows` rows.
    void begin_segment(std::size_t rows);

    /// Returns the snapshot. The builder must not be used afterwards.
    Snapshot finish(std::string version);

  private:
    Segment& open();
    void close();

    Snapshot built_;
    std::shared_ptr<Segment> open_;  ///< segment that subjects are appended to, if any
    std::size_t rows_;               ///< maximum rows of a segment
};

}  // namespace facebus::gallery
