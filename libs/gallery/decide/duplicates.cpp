#include "gallery/decide/duplicates.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace facebus::gallery {
namespace {

/// Number of templates that are matched in one call; a search reads the gallery from memory once
/// per eight templates.
constexpr std::size_t templates_per_search = 64;

/// A subject as a track: its samples are the probes.
struct SubjectTrack {
    std::string id;
    std::vector<Probe> probes;
};

/// Returns the subject whose samples start in row `row`, and advances `row` to the next subject.
SubjectTrack next_subject(const Snapshot& gallery, std::size_t& row) {
    // Longer tracks give no better template, and workers remember no more probes either.
    constexpr std::size_t max_probes = 64;
    SubjectTrack track{gallery.subject_id(row), {}};
    while (row < gallery.samples() && gallery.subject_id(row) == track.id) {
        if (track.probes.size() < max_probes) {
            track.probes.push_back({std::to_string(row), gallery.embedding(row), 1});
        }
        ++row;
    }
    return track;
}

}  // namespace

std::optional<Candidate> find_other_subject(const Embedding& face, const std::string& subject_id,
                                            const Snapshot& gallery, const Policy& policy) {
    const std::vector<Probe> probes{{.id = {}, .embedding = face, .quality = 1}};
    auto decision = decide(probes, gallery, policy);
    auto& [best, runner_up] = decision.match;
    if (decision.verdict != Verdict::known && !decision.ambiguous) return std::nullopt;
    if (best->subject_id == subject_id) return std::nullopt;
    if (decision.ambiguous && runner_up->subject_id == subject_id) return std::nullopt;
    return std::move(best);
}

std::vector<Duplicate> find_duplicates(const Snapshot& gallery, const Policy& policy,
                                       const std::function<bool()>& step) {
    // (lower id, higher id) -> similarity
    std::map<std::pair<std::string, std::string>, float> pairs;
    for (std::size_t row = 0; row < gallery.samples();) {
        std::vector<SubjectTrack> tracks;
        std::vector<Embedding> templates;
        while (row < gallery.samples() && tracks.size() < templates_per_search) {
            tracks.push_back(next_subject(gallery, row));
            templates.push_back(track_template(tracks.back().probes, policy.min_quality));
        }
        // One more, because the subject itself is among the best.
        const auto best = gallery.best(templates, max_duplicates_per_subject + 1);
        for (std::size_t i = 0; i < tracks.size(); ++i) {
            for (const auto& other : best[i]) {
                if (other.subject_id == tracks[i].id) continue;
                const auto decision = decide(tracks[i].probes, Match{other, std::nullopt},
                                             gallery.subjects(), policy);
                if (decision.verdict != Verdict::known) continue;
                auto& highest = pairs[std::minmax(tracks[i].id, other.subject_id)];
                highest = std::max(highest, other.similarity);
            }
            if (step && !step()) return {};
        }
    }
    std::vector<Duplicate> found;
    for (const auto& [ids, similarity] : pairs) {
        const auto named = [&](const std::string& id) {
            return Snapshot::SubjectName{id, gallery.name_of(id).value_or("")};
        };
        found.push_back({named(ids.first), named(ids.second), similarity});
    }
    std::ranges::stable_sort(found, std::greater{}, &Duplicate::similarity);
    return found;
}

}  // namespace facebus::gallery
