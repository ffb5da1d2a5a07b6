#include "gallery/match/segment.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace facebus::gallery {

void Segment::append(const SubjectRecord& record, const std::string& model_id,
                     const ScoreSpace& space) {
    std::vector<const Sample*> ordered;
    for (const Sample& sample : record.samples) {
        if (sample.model_id == model_id) ordered.push_back(&sample);
    }
    const auto other_model = record.samples.size() - ordered.size();
    // Sort the samples, so that the order of ties does not depend on the order in Redis.
    std::ranges::sort(ordered, {}, [](const Sample* sample) { return sample->id; });
    const auto duplicates = std::ranges::unique(ordered, {}, [](const Sample* s) { return s->id; });
    ordered.erase(duplicates.begin(), duplicates.end());
    const auto first = rows();
    for (const Sample* sample : ordered) {
        const auto row = compact(space.centred(sample->embedding));
        append_row(pack_id(sample->id), row.high.data(), row.low.data(), row.scale, 0);
        coarse_error_ = std::max(coarse_error_, row.coarse_error);
    }
    // All rows of the subject at once, which reads the cohort only once.
    space.sample_offsets(high_.data() + first * embedding_size, scales_.data() + first,
                         ordered.size(), offsets_.data() + first);
    finish_subject(pack_id(record.subject.id), record.subject.name, record.subject.ignored,
                   other_model, record.damaged);
}

void Segment::append(const Segment& other, std::size_t subject) {
    for (auto row = other.first_row(subject); row < other.end_row(subject); ++row) {
        append_row(other.sample_ids_[row], &other.high_[row * embedding_size],
                   &other.low_[row * low_bytes], other.scales_[row], other.offsets_[row]);
    }
    // The norms of the low parts of single rows are not stored, so use the upper bound for all rows
    // of `other`. If it is larger than necessary, the search is slightly slower, but still exact.
    coarse_error_ = std::max(coarse_error_, other.coarse_error_);
    finish_subject(other.subject_id(subject), other.name(subject), other.ignored(subject),
                   other.other_model_samples(subject), other.damaged_samples(subject));
}

void Segment::shrink() {
    subjects_.shrink_to_fit();
    ignored_.shrink_to_fit();
    names_.shrink_to_fit();
    sample_ids_.shrink_to_fit();
    high_.shrink_to_fit();
    low_.shrink_to_fit();
    scales_.shrink_to_fit();
    offsets_.shrink_to_fit();
}

void Segment::append_row(const PackedId& id, const std::int8_t* high, const std::uint8_t* low,
                         float scale, float offset) {
    sample_ids_.push_back(id);
    high_.insert(high_.end(), high, high + embedding_size);
    low_.insert(low_.end(), low, low + low_bytes);
    scales_.push_back(scale);
    offsets_.push_back(offset);
    std::int32_t squares = 0;
    for (std::size_t i = 0; i < embedding_size; ++i) squares += high[i] * high[i];
    coarse_norm_ =
        std::max(coarse_norm_, std::sqrt(static_cast<float>(squares)) * high_step * scale);
}

void Segment::finish_subject(const PackedId& id, std::string_view name, bool ignored,
                             std::size_t other_model, std::size_t damaged) {
    assert(subjects_.empty() || subjects_.back().id < id);
    const auto to_uint32 = [](std::size_t count) {
        return static_cast<std::uint32_t>(
            std::min<std::size_t>(count, std::numeric_limits<std::uint32_t>::max()));
    };
    if (ignored) ignored_.push_back(to_uint32(subjects_.size()));
    names_ += name;
    subjects_.push_back({id, to_uint32(names_.size()), to_uint32(rows()), to_uint32(other_model),
                         to_uint32(damaged)});
}

std::string_view Segment::name(std::size_t subject) const {
    const std::size_t begin = subject == 0 ? 0 : subjects_[subject - 1].end_name;
    return std::string_view(names_).substr(begin, subjects_[subject].end_name - begin);
}

bool Segment::ignored(std::size_t subject) const {
    return std::ranges::binary_search(ignored_, subject);
}

std::size_t Segment::first_row(std::size_t subject) const {
    return subject == 0 ? 0 : subjects_[subject - 1].end_row;
}

std::size_t Segment::subject_of(std::size_t row) const {
    const auto found = std::ranges::upper_bound(subjects_, row, {}, &Entry::end_row);
    return static_cast<std::size_t>(found - subjects_.begin());
}

Embedding Segment::centred(std::size_t row) const {
    return expand(&high_[row * embedding_size], &low_[row * low_bytes], scales_[row]);
}

float Segment::score(std::size_t row, const Embedding& probe) const {
    return row_similarity(&high_[row * embedding_size], &low_[row * low_bytes], scales_[row],
                          probe) +
           offsets_[row];
}

}  // namespace facebus::gallery
