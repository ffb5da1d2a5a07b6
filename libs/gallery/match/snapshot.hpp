// Immutable copy of the gallery in memory, with which probes are matched.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "gallery/match/matcher.hpp"
#include "gallery/match/segment.hpp"
#include "gallery/subject.hpp"

namespace facebus::gallery {

/// Immutable copy of the gallery. Uses 920 bytes of memory per sample, and 32 bytes plus the name
/// per subject. A snapshot shares all unchanged segments with its copies and with snapshots that
/// with() derives from it. Samples have row numbers from 0 to samples() - 1; the samples of a
/// subject are in consecutive rows. Read-only and thread-safe.
class Snapshot {
  public:
    class Builder;

    Snapshot() = default;
    /// Compares scores in `space`; by default, in the space of the cohort that ships for the model.
    /// Omits samples of models other than `model_id` (see other_model_samples()), and samples of
    /// subjects that are not in `subjects`. Requires: all ids are valid and the embeddings are unit
    /// vectors.
    Snapshot(const std::string& model_id, std::vector<Subject> subjects,
             const std::vector<Sample>& samples, std::string version,
             std::shared_ptr<const ScoreSpace> space = nullptr);

    /// Changed subjects: subject id -> new record, or std::nullopt to remove the subject.
    using Changes = std::map<std::string, std::optional<SubjectRecord>>;
    /// Returns a new snapshot: this one with the changes applied.
    [[nodiscard]] Snapshot with(const Changes& changes, std::string version) const;

    /// Returns the two subjects with the highest scores for `probe`; see find_matches().
    [[nodiscard]] Match match(const Embedding& probe) const;
    /// Returns what match() would return if the gallery did not contain the row `left_out`.
    [[nodiscard]] Match match_without(const Embedding& probe, std::size_t left_out) const;
    /// Returns the two best subjects for each probe. Much faster than matching the probes
    /// one by one.
    [[nodiscard]] std::vector<Match> match(std::span<const Embedding> probes) const;
    /// Returns the `count` subjects with the highest scores for each probe; see find_best().
    [[nodiscard]] std::vector<std::vector<Candidate>> best(std::span<const Embedding> probes,
                                                           std::size_t count) const;

    [[nodiscard]] std::size_t subjects() const { return subjects_; }
    /// Returns the number of subjects with at least one sample of this model.
    [[nodiscard]] std::size_t subjects_with_samples() const { return with_samples_; }
    [[nodiscard]] std::size_t samples() const { return samples_; }
    /// Returns the numbers of subjects with 1, 2, 3, 4 and at least 5 samples.
    [[nodiscard]] const std::array<std::size_t, 5>& subjects_by_samples() const {
        return by_samples_;
    }
    [[nodiscard]] const ScoreSpace& space() const { return *space_; }
    /// Returns the subject ids that begin with `prefix`, sorted.
    [[nodiscard]] std::vector<std::string> subject_ids(const std::string& prefix) const;
    /// Returns the ids of the ignored subjects, sorted.
    [[nodiscard]] std::vector<std::string> ignored_ids() const;

    /// Id and name of a subject.
    struct SubjectName {
        std::string id;
        std::string name;
    };
    /// Returns the first `limit` subjects, sorted by id.
    [[nodiscard]] std::vector<SubjectName> names(std::size_t limit) const;
    /// Returns the name of the subject with that id, if there is one.
    [[nodiscard]] std::optional<std::string> name_of(const std::string& subject_id) const;
    /// Returns whether there is a subject with that id and it is ignored.
    [[nodiscard]] bool ignored(const std::string& subject_id) const;

    /// Returns the quantised embedding of the sample in a row. Requires: `row` is less than
    /// samples().
    [[nodiscard]] Embedding embedding(std::size_t row) const;
    /// Returns the subject id of the sample in a row. Requires: `row` is less than samples().
    [[nodiscard]] std::string subject_id(std::size_t row) const;

    [[nodiscard]] const std::string& model_id() const { return model_id_; }
    /// Returns the number of samples that were omitted because another model computed them.
    [[nodiscard]] std::size_t other_model_samples() const { return other_model_samples_; }
    /// Returns the number of samples that were omitted because they cannot be decoded.
    [[nodiscard]] std::size_t damaged_samples() const { return damaged_samples_; }
    /// Returns the version of the gallery: the id of the latest entry of the change stream that
    /// this snapshot includes.
    [[nodiscard]] const std::string& version() const { return version_; }

  private:
    /// A row in a segment.
    struct SegmentRow {
        const Segment& segment;
        std::size_t row;  ///< index in the segment
    };
    /// A subject in a segment.
    struct SegmentSubject {
        const Segment& segment;
        std::size_t subject;  ///< index in the segment
    };
    /// Returns the subject with that id, if there is one.
    [[nodiscard]] std::optional<SegmentSubject> find(const std::string& subject_id) const;
    /// Returns the segment that contains a row of the snapshot, and the row in that segment.
    [[nodiscard]] SegmentRow locate(std::size_t row) const;

    std::string model_id_;
    std::shared_ptr<const ScoreSpace> space_ = std::make_shared<const ScoreSpace>();
    Segments segments_;  ///< each has at least one subject
    /// Per segment, number of rows in it and in all previous segments.
    std::vector<std::size_t> end_rows_;
    std::size_t subjects_ = 0;
    std::size_t with_samples_ = 0;
    std::size_t samples_ = 0;
    std::array<std::size_t, 5> by_samples_{};
    std::size_t other_model_samples_ = 0;
    std::size_t damaged_samples_ = 0;
    std::string version_ = "0-0";
};

/// Builds a snapshot without a second copy of the gallery in memory. Subjects must be added in the
/// order of their ids.
class Snapshot::Builder {
  public:
    explicit Builder(std::string model_id, std::shared_ptr<const ScoreSpace> space = nullptr);

    /// Appends a subject. Requires: its id is valid and greater than the ids of all previous
    /// subjects.
    void add(const SubjectRecord& record);
    /// Appends the subject with the index `subject` in `segment`. Requires: the segment belongs to
    /// a snapshot with the same model id, and the id of the subject is greater than the ids of all
    /// previous subjects.
    void add(const Segment& segment, std::size_t subject);
    /// Appends a whole segment without copying it. Requires: the segment belongs to a snapshot with
    /// the same model id, and its subject ids are greater than the ids of all previous subjects.
    void add(const std::shared_ptr<const Segment>& segment);

    /// Ends the current segment. Each further segment is full as soon as it has `rows` rows or
    /// `rows` subjects.
    void begin_segment(std::size_t rows);

    /// Returns the snapshot. Requires: no function of the builder is called afterwards.
    Snapshot finish(std::string version);

  private:
    /// Returns the segment to append the next subject to. Starts a new segment if there is none or
    /// the current one is full.
    Segment& current_segment();
    /// Adds the current segment, if there is one, to the snapshot.
    void finish_segment();

    Snapshot built_;
    std::shared_ptr<Segment> current_;  ///< segment that subjects are appended to, if any
    std::size_t rows_;                  ///< number of rows or subjects at which a segment is full
};

}  // namespace facebus::gallery
