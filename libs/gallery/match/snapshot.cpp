#include "gallery/match/snapshot.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

#include "gallery/match/compact.hpp"

namespace facebus::gallery {
namespace {

// Limits of the number of rows in a segment. Small segments can be copied quickly after a change;
// large ones keep the number of segments low. A segment that would exceed max_rows is split, but
// never within a subject. A new segment is full at new_rows, so that later changes can extend it.
constexpr std::size_t max_rows = 2048;
constexpr std::size_t new_rows = max_rows * 3 / 4;
// If the segments have on average fewer rows plus subjects than this, all of them are rebuilt.
constexpr std::size_t min_rows = max_rows / 4;

/// Returns an upper bound of the rows that a subject adds to a segment: its number of samples, some
/// of which may be omitted (see Segment::append()). Returns at least 1, because the limits above
/// also apply to the number of subjects.
std::size_t row_count(const SubjectRecord& record) {
    return std::max<std::size_t>(record.samples.size(), 1);
}

}  // namespace

Snapshot::Builder::Builder(std::string model_id, std::shared_ptr<const ScoreSpace> space)
    : rows_(new_rows) {
    built_.model_id_ = std::move(model_id);
    built_.space_ = space ? std::move(space) : ScoreSpace::of(built_.model_id_);
}

Segment& Snapshot::Builder::current_segment() {
    if (current_ && std::max(current_->rows(), current_->subjects()) >= rows_) finish_segment();
    if (!current_) current_ = std::make_shared<Segment>();
    return *current_;
}

void Snapshot::Builder::finish_segment() {
    if (!current_) return;
    current_->shrink();
    add(std::shared_ptr<const Segment>(std::exchange(current_, nullptr)));
}

void Snapshot::Builder::add(const SubjectRecord& record) {
    current_segment().append(record, built_.model_id_, *built_.space_);
}

void Snapshot::Builder::add(const Segment& segment, std::size_t subject) {
    current_segment().append(segment, subject);
}

void Snapshot::Builder::add(const std::shared_ptr<const Segment>& segment) {
    finish_segment();
    if (segment->subjects() == 0) return;
    built_.samples_ += segment->rows();
    built_.subjects_ += segment->subjects();
    for (std::size_t i = 0; i < segment->subjects(); ++i) {
        const auto samples = segment->end_row(i) - segment->first_row(i);
        if (samples > 0) {
            ++built_.with_samples_;
            ++built_.by_samples_.at(std::min(samples, built_.by_samples_.size()) - 1);
        }
        built_.other_model_samples_ += segment->other_model_samples(i);
        built_.damaged_samples_ += segment->damaged_samples(i);
    }
    built_.segments_.push_back(segment);
    built_.end_rows_.push_back(built_.samples_);
}

void Snapshot::Builder::begin_segment(std::size_t rows) {
    finish_segment();
    rows_ = rows;
}

Snapshot Snapshot::Builder::finish(std::string version) {
    finish_segment();
    built_.version_ = std::move(version);
    return std::move(built_);
}

Snapshot::Snapshot(const std::string& model_id, std::vector<Subject> subjects,
                   const std::vector<Sample>& samples, std::string version,
                   std::shared_ptr<const ScoreSpace> space) {
    Changes records;
    for (Subject& subject : subjects) {
        auto id = subject.id;
        records[std::move(id)] = SubjectRecord{std::move(subject), {}, 0};
    }
    for (const Sample& sample : samples) {
        const auto found = records.find(sample.subject_id);
        if (found != records.end()) found->second->samples.push_back(sample);
    }
    Builder builder(model_id, std::move(space));
    for (const auto& [id, record] : records) builder.add(*record);
    *this = builder.finish(std::move(version));
}

Snapshot Snapshot::with(const Changes& changes, std::string version) const {
    Builder builder(model_id_, space_);
    auto change = changes.begin();
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        const auto& segment = segments_[i];
        const auto last = unpack_id(segment->subject_id(segment->subjects() - 1));
        // Find the changes that concern this segment: those with ids up to its last id. The last
        // segment also gets all further ids.
        auto end = change;
        std::size_t rows = segment->rows();
        for (; end != changes.end() && (end->first <= last || i + 1 == segments_.size()); ++end) {
            if (end->second) rows += row_count(*end->second);
        }
        // If nothing changes in this segment, the new snapshot shares it.
        if (end == change) {
            builder.add(segment);
            continue;
        }
        // Otherwise build the segment anew, and split it into about equal parts if it is too large.
        // `rows` is an upper bound, because replaced subjects are counted twice.
        const auto parts = (rows + max_rows - 1) / max_rows;
        builder.begin_segment(parts <= 1 ? max_rows : rows / parts + 1);
        // Merge two sequences sorted by id: the subjects of the segment and the changes.
        for (std::size_t subject = 0; subject < segment->subjects(); ++subject) {
            const auto id = unpack_id(segment->subject_id(subject));
            for (; change != end && change->first < id; ++change) {
                if (change->second) builder.add(*change->second);
            }
            // Omit a subject that is replaced or removed. The loop above or below adds its new
            // record, if there is one.
            if (change != end && change->first == id) continue;
            builder.add(*segment, subject);
        }
        for (; change != end; ++change) {
            if (change->second) builder.add(*change->second);
        }
    }
    // Changes remain here only if this snapshot has no segments.
    for (; change != changes.end(); ++change) {
        if (change->second) builder.add(*change->second);
    }
    auto changed = builder.finish(version);
    if (changed.segments_.size() <= 1 ||
        changed.samples() + changed.subjects() >= changed.segments_.size() * min_rows) {
        return changed;
    }
    // After many removals there are many small segments, which slow down the search. Move the
    // subjects to larger segments.
    Builder packed(model_id_, space_);
    for (const auto& segment : changed.segments_) {
        for (std::size_t i = 0; i < segment->subjects(); ++i) packed.add(*segment, i);
    }
    return packed.finish(std::move(version));
}

Match Snapshot::match(const Embedding& probe) const {
    return match_without(probe, no_row);
}

Match Snapshot::match_without(const Embedding& probe, std::size_t left_out) const {
    return std::move(find_matches(segments_, *space_, {&probe, 1}, left_out).front());
}

std::vector<Match> Snapshot::match(std::span<const Embedding> probes) const {
    return find_matches(segments_, *space_, probes);
}

std::vector<std::vector<Candidate>> Snapshot::best(std::span<const Embedding> probes,
                                                   std::size_t count) const {
    return find_best(segments_, *space_, probes, count);
}

std::vector<Snapshot::SubjectName> Snapshot::names(std::size_t limit) const {
    std::vector<SubjectName> all;
    all.reserve(std::min(limit, subjects_));
    for (const auto& segment : segments_) {
        for (std::size_t i = 0; i < segment->subjects() && all.size() < limit; ++i) {
            all.push_back({unpack_id(segment->subject_id(i)), std::string(segment->name(i))});
        }
    }
    return all;
}

std::optional<Snapshot::SegmentSubject> Snapshot::find(const std::string& subject_id) const {
    if (!valid_id(subject_id)) return std::nullopt;
    const auto wanted = pack_id(subject_id);
    // Find the first segment whose last id is not less than `wanted`. Then search that segment.
    const auto segment = std::ranges::find_if(segments_, [&](const auto& candidate) {
        return candidate->subject_id(candidate->subjects() - 1) >= wanted;
    });
    if (segment == segments_.end()) return std::nullopt;
    const auto indices = std::views::iota(std::size_t{0}, (*segment)->subjects());
    const auto index = std::ranges::lower_bound(
        indices, wanted, {}, [&](std::size_t i) { return (*segment)->subject_id(i); });
    if ((*segment)->subject_id(*index) != wanted) return std::nullopt;
    return SegmentSubject{**segment, *index};
}

std::optional<std::string> Snapshot::name_of(const std::string& subject_id) const {
    const auto found = find(subject_id);
    if (!found) return std::nullopt;
    return std::string(found->segment.name(found->subject));
}

bool Snapshot::ignored(const std::string& subject_id) const {
    const auto found = find(subject_id);
    return found && found->segment.ignored(found->subject);
}

std::vector<std::string> Snapshot::subject_ids(const std::string& prefix) const {
    std::vector<std::string> ids;
    for (const auto& segment : segments_) {
        if (unpack_id(segment->subject_id(segment->subjects() - 1)) < prefix) continue;
        for (std::size_t i = 0; i < segment->subjects(); ++i) {
            auto id = unpack_id(segment->subject_id(i));
            if (id.starts_with(prefix)) {
                ids.push_back(std::move(id));
            } else if (id > prefix) {
                return ids;
            }
        }
    }
    return ids;
}

std::vector<std::string> Snapshot::ignored_ids() const {
    std::vector<std::string> ids;
    for (const auto& segment : segments_) {
        for (std::size_t i = 0; i < segment->subjects(); ++i) {
            if (segment->ignored(i)) ids.push_back(unpack_id(segment->subject_id(i)));
        }
    }
    return ids;
}

Snapshot::SegmentRow Snapshot::locate(std::size_t row) const {
    const auto found = std::ranges::upper_bound(end_rows_, row);
    const auto& segment = *segments_[static_cast<std::size_t>(found - end_rows_.begin())];
    return {segment, row + segment.rows() - *found};
}

Embedding Snapshot::embedding(std::size_t row) const {
    const auto at = locate(row);
    return space_->original(at.segment.centred(at.row));
}

std::string Snapshot::subject_id(std::size_t row) const {
    const auto at = locate(row);
    return unpack_id(at.segment.subject_id(at.segment.subject_of(at.row)));
}

}  // namespace facebus::gallery
