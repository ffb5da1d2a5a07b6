#include "cli/collect/collect_people.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "cli/gallery/face_folder.hpp"
#include "people/grouping.hpp"

namespace facebus::cli {
namespace {

std::vector<gallery::Probe> probes_of(const KeptTrack& track) {
    std::vector<gallery::Probe> probes;
    for (std::size_t i = 0; i < track.crops.size(); ++i) {
        const auto& crop = track.crops[i];
        probes.push_back({fmt::format("{:08}-{:02}", track.number, i), crop.embedding,
                          crop.face.quality.overall});
    }
    return probes;
}

people::TrackFace track_face(const KeptTrack& track) {
    return {.face = gallery::fuse(probes_of(track)),
            .video = track.video,
            .from = track.from,
            .to = track.to};
}

bool seen_together(const CollectedPerson& a, const CollectedPerson& b) {
    return std::ranges::any_of(a.tracks, [&](const KeptTrack* one) {
        return std::ranges::any_of(b.tracks, [&](const KeptTrack* other) {
            return people::visible_together(
                {.video = one->video, .from = one->from, .to = one->to},
                {.video = other->video, .from = other->from, .to = other->to});
        });
    });
}

/// Returns the subject if the decision from the probes of all tracks of the person is `known`.
std::optional<gallery::Candidate> find_subject(const CollectedPerson& person,
                                               const gallery::Snapshot& gallery,
                                               const gallery::Policy& policy) {
    std::vector<gallery::Probe> probes;
    for (const auto* track : person.tracks) {
        std::ranges::move(probes_of(*track), std::back_inserter(probes));
    }
    auto decision = gallery::decide(probes, gallery, policy);
    if (decision.verdict != gallery::Verdict::known) return std::nullopt;
    return std::move(decision.match.best);
}

auto order_of_appearance(const KeptTrack* track) {
    return std::tuple(track->video, track->from, track->number);
}

/// Moves the tracks of `from` to `into`, in order of appearance.
void merge(CollectedPerson& into, CollectedPerson& from) {
    std::ranges::move(from.tracks, std::back_inserter(into.tracks));
    from.tracks.clear();
    std::ranges::sort(into.tracks, {}, order_of_appearance);
}

}  // namespace

std::vector<CollectedPerson> people_of(const std::vector<KeptTrack>& tracks,
                                       const std::string& model_id) {
    std::vector<people::TrackFace> faces;
    faces.reserve(tracks.size());
    for (const auto& track : tracks) faces.push_back(track_face(track));
    std::vector<CollectedPerson> people;
    for (const auto& group : people::group_by_person(faces, *gallery::ScoreSpace::of(model_id))) {
        auto& person = people.emplace_back();
        for (const auto index : group) person.tracks.push_back(&tracks[index]);
    }
    return people;
}

void recognise(std::vector<CollectedPerson>& people, const gallery::Snapshot& gallery,
               const gallery::Policy& policy) {
    std::vector<CollectedPerson*> known;
    for (auto& person : people) {
        person.subject = find_subject(person, gallery, policy);
        if (person.subject) known.push_back(&person);
    }
    std::ranges::stable_sort(known, std::greater{},
                             [](const CollectedPerson* person) { return person->subject->score; });
    // `known` is sorted by the score with the subject, highest first. Two entries with the same
    // subject are usually one person: move the tracks of the later entry to the earlier one. If the
    // two are visible at the same time, they are different people: only the earlier entry keeps the
    // subject. An entry without tracks was merged into another one.
    for (std::size_t i = 0; i < known.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            const bool same = known[k]->subject && !known[k]->tracks.empty() &&
                              known[k]->subject->subject_id == known[i]->subject->subject_id;
            if (!same) continue;
            if (seen_together(*known[k], *known[i])) {
                known[i]->subject.reset();
            } else {
                merge(*known[k], *known[i]);
            }
            break;
        }
    }
    std::erase_if(people, [](const CollectedPerson& person) { return person.tracks.empty(); });
    std::ranges::sort(people, {}, [](const CollectedPerson& person) {
        return order_of_appearance(person.tracks.front());
    });
}

void name_folders(std::vector<CollectedPerson>& people) {
    std::set<std::string> taken{contact_sheet_name};
    // Returns false if the name is taken by another person or by the contact sheet.
    const auto assign = [&](CollectedPerson& person, const std::string& name) {
        if (!taken.insert(name).second) return false;
        person.folder = name;
        return true;
    };
    // Subjects first, so that a subject called "person-01" gets that folder.
    for (auto& person : people) {
        if (!person.subject) continue;
        const auto name = safe_file_name(person.subject->name);
        bool assigned = assign(person, name);
        for (int i = 2; !assigned; ++i) assigned = assign(person, fmt::format("{} ({})", name, i));
    }
    std::size_t number = 0;
    for (auto& person : people) {
        if (person.subject) continue;
        while (!assign(person, fmt::format("person-{:02}", ++number))) {
        }
    }
}

}  // namespace facebus::cli
