// The gallery in memory: what a worker matches against.
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

/// An immutable copy of the gallery: some 1,060 bytes a sample. A copy of it, or one with()
/// changes, shares with it what is the same. Thread-safe, being read-only.
class Snapshot {
  public:
    class Builder;

    Snapshot() = default;
    /// Samples of another model than `model_id`, or of no listed subject, are left out; see
    /// foreign_samples(). Precondition: valid ids; embeddings are unit vectors.
    Snapshot(const std::string& model_id, std::vector<Subject> subjects,
             const std::vector<Sample>& samples, std::string version);

    /// The gallery with these subjects, by their ids, put in the place of what was there of them;
    /// those without a record are gone.
    using Changes = std::map<std::string, std::optional<SubjectRecord>>;
    [[nodiscard]] Snapshot with(const Changes& changes, std::string version) const;

    /// The two subjects most like the template; see find_matches().
    [[nodiscard]] Match match(const Embedding& probe) const;
    /// The same as if the sample in `left_out` were not there.
    [[nodiscard]] Match match_without(const Embedding& probe, std::size_t left_out) const;
    /// Of several templates: much faster than one by one.
    [[nodiscard]] std::vector<Match> match(std::span<const Embedding> probes) const;
    /// The `count` subjects most like each template; see find_best().
    [[nodiscard]] std::vector<std::vector<Candidate>> best(std::span<const Embedding> probes,
                                                           std::size_t count) const;

    [[nodiscard]] std::size_t subjects() const { return subjects_; }
    /// Subjects with at least one sample of this model.
    [[nodiscard]] std::size_t subjects_with_samples() const { return with_samples_; }
    [[nodiscard]] std::size_t samples() const { return samples_; }
    /// The ids of the subjects that begin so, in order.
    [[nodiscard]] std::vector<std::string> subject_ids(const std::string& prefix) const;
    /// The ids of the subjects who are never to be reported, in order.
    [[nodiscard]] std::vector<std::string> ignored_ids() const;

    /// The first `most` subjects in the order of their ids.
    struct Named {
        std::string id;
        std::string name;
    };
    [[nodiscard]] std::vector<Named> names(std::size_t most) const;
    /// The name of the subject with that id, if there is one.
    [[nodiscard]] std::optional<std::string> name_of(const std::string& subject_id) const;

    /// Of the sample in a row, 0 .. samples() - 1, where a subject's samples stand together: the
    /// embedding as it is compared, and the subject.
    [[nodiscard]] Embedding embedding(std::size_t row) const;
    [[nodiscard]] std::string subject_id(std::size_t row) const;

    [[nodiscard]] const std::string& model_id() const { return model_id_; }
    /// Samples left out because another model made them.
    [[nodiscard]] std::size_t foreign_samples() const { return foreign_; }
    /// Samples left out because what Redis holds of them makes no sense.
    [[nodiscard]] std::size_t damaged_samples() const { return damaged_; }
    /// Position in the gallery's change stream that this copy shows.
    [[nodiscard]] const std::string& version() const { return version_; }

  private:
    struct Place {
        const Segment& segment;
        std::size_t row;
    };
    [[nodiscard]] Place place(std::size_t row) const;

    std::string model_id_;
    Segments segments_;                  ///< none is empty of subjects
    std::vector<std::size_t> end_rows_;  ///< of each segment, counted through all
    std::size_t subjects_ = 0;
    std::size_t with_samples_ = 0;
    std::size_t samples_ = 0;
    std::size_t foreign_ = 0;
    std::size_t damaged_ = 0;
    std::string version_ = "0-0";
};

/// Takes subjects in the order of their ids, so that a gallery need never be in memory twice.
class Snapshot::Builder {
  public:
    explicit Builder(std::string model_id);

    /// Precondition: a valid id above all before.
    void add(const SubjectRecord& record);
    /// The same with what another snapshot of this model has.
    void add(const Segment& segment, std::size_t subject);
    /// All of a segment, without a copy.
    void add(const std::shared_ptr<const Segment>& segment);

    /// What comes next goes into a new segment, and so again after so many rows.
    void begin_segment(std::size_t rows);

    Snapshot finish(std::string version);

  private:
    Segment& open();
    void close();

    Snapshot built_;
    std::shared_ptr<Segment> open_;
    std::size_t rows_;  ///< of a segment
};

}  // namespace facebus::gallery
