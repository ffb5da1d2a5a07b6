#include "cli/evaluation/identification.hpp"

#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>

#include "base/random.hpp"
#include "gallery/decision.hpp"
#include "gallery/snapshot.hpp"

namespace facebus::cli {
namespace {

using Faces = std::vector<const LabelledFace::Found*>;

/// A person of one trial: the pictures to enrol, then those to look for.
struct Person {
    std::string id;
    Faces samples;
    Faces probes;
};

/// The people who can be enrolled or be strangers, with the pictures that show a face.
std::vector<Faces> people_with(const FaceSet& set, std::size_t pictures) {
    std::map<std::string_view, Faces> all;
    for (const auto& face : set.faces) {
        if (face.found) all[face.person].push_back(&*face.found);
    }
    std::vector<Faces> enough;
    for (auto& [name, faces] : all) {
        if (faces.size() >= pictures) enough.push_back(std::move(faces));
    }
    return enough;
}

/// One division of the people, with all pictures drawn.
struct Trial {
    std::vector<Person> enrolled;
    std::vector<Person> strangers;
};

Trial divide(std::vector<Faces> people, std::size_t samples, std::size_t probes, Random& random) {
    Trial trial;
    random.shuffle(people);
    for (std::size_t i = 0; i < people.size(); ++i) {
        auto& faces = people[i];
        random.shuffle(faces);
        Person person{fmt::format("{:06}", i), {}, {}};
        if (i < people.size() / 2) {
            const auto middle = faces.begin() + static_cast<std::ptrdiff_t>(samples);
            person.samples.assign(faces.begin(), middle);
            if (faces.size() >= samples + probes) {
                person.probes.assign(middle, middle + static_cast<std::ptrdiff_t>(probes));
            }
            trial.enrolled.push_back(std::move(person));
        } else {
            person.probes.assign(faces.begin(),
                                 faces.begin() + static_cast<std::ptrdiff_t>(probes));
            trial.strangers.push_back(std::move(person));
        }
    }
    return trial;
}

gallery::Snapshot enrol(const Trial& trial, std::size_t samples) {
    std::vector<gallery::Subject> subjects;
    std::vector<gallery::Sample> all;
    for (const auto& person : trial.enrolled) {
        subjects.push_back({person.id, person.id, 0});
        for (std::size_t i = 0; i < samples; ++i) {
            gallery::Sample sample;
            sample.id = fmt::format("{}-{}", person.id, i);
            sample.subject_id = person.id;
            sample.embedding = person.samples[i]->embedding;
            all.push_back(std::move(sample));
        }
    }
    return {"", std::move(subjects), all, ""};
}

gallery::Match look_for(const gallery::Snapshot& gallery, const Person& person,
                        std::size_t probes) {
    std::vector<gallery::Probe> seen;
    for (std::size_t i = 0; i < probes; ++i) {
        const auto& face = *person.probes[i];
        seen.push_back({fmt::format("{}", i), face.embedding, face.quality.overall});
    }
    return gallery.match(gallery::fuse(seen));
}

float score(const gallery::Match& match, float margin) {
    const bool leads =
        !match.runner_up || match.best->similarity - match.runner_up->similarity >= margin;
    return leads ? match.best->similarity : -1;
}

void count(Identification& result, const Trial& trial, float margin) {
    const auto gallery = enrol(trial, result.samples);
    for (const auto& person : trial.enrolled) {
        if (person.probes.empty()) continue;
        const auto match = look_for(gallery, person, result.probes);
        const bool right = match.best->subject_id == person.id;
        if (right) result.first_rank += 1;  // a count until all trials are done
        result.mated.add(right ? score(match, margin) : -1);
    }
    for (const auto& person : trial.strangers) {
        result.strangers.add(score(look_for(gallery, person, result.probes), margin));
    }
}

}  // namespace

IdentificationReport identify(const FaceSet& set, const IdentificationOptions& options) {
    const auto samples = std::ranges::max(options.samples);
    const auto probes = std::ranges::max(options.probes);
    const auto people = people_with(set, std::max(samples, probes));
    IdentificationReport report;
    report.enrolled = people.size() / 2;
    report.strangers = people.size() - report.enrolled;
    report.mated = people_with(set, samples + probes).size() / 2;  // on average
    if (report.mated < 2 || report.strangers < 2) return report;
    report.trials = options.trials;
    for (const auto s : options.samples) {
        for (const auto p : options.probes) {
            report.results.emplace_back();
            report.results.back().samples = s;
            report.results.back().probes = p;
        }
    }
    for (std::size_t i = 0; i < options.trials; ++i) {
        Random random(i + 1);
        const auto trial = divide(people, samples, probes, random);
        for (auto& result : report.results) count(result, trial, options.margin);
    }
    for (auto& result : report.results) {
        result.first_rank /= static_cast<double>(std::max<std::uint64_t>(result.mated.total(), 1));
    }
    return report;
}

}  // namespace facebus::cli
