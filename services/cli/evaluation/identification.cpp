#include "cli/evaluation/identification.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "cli/evaluation/people.hpp"
#include "gallery/decide/decision.hpp"

namespace facebus::cli {
namespace {

/// One random split of the people. The images of each person are in random order. The first images
/// of an enrolled person are samples, later images are probes.
struct Trial {
    std::vector<Person> enrolled;
    std::vector<Person> impostors;
};

Trial split(std::vector<Person> people, Random& random) {
    random.shuffle(people);
    for (auto& person : people) random.shuffle(person);
    const auto middle = people.begin() + static_cast<std::ptrdiff_t>(people.size() / 2);
    return {{people.begin(), middle}, {middle, people.end()}};
}

/// Returns the similarity of the best subject, or -1 if its margin is too small.
float score(const gallery::Match& match, float margin) {
    return gallery::clears_margin(match, margin) ? match.best->similarity : -1;
}

/// Adds the searches of one trial to `result`. `largest` has the largest number of samples and the
/// largest number of probes of all results. The probes of an enrolled person begin after
/// `largest.samples` images, so that they are the same for every number of samples.
void add_searches(Identification& result, const Trial& trial, const Identification& largest,
                  float margin) {
    const auto gallery = enrol(trial.enrolled, result.samples, "");
    const auto search = [&](const Person& person, std::size_t first) {
        return gallery.match(gallery::fuse(probes_of(person, first, result.probes)));
    };
    for (std::size_t i = 0; i < trial.enrolled.size(); ++i) {
        const auto& person = trial.enrolled[i];
        if (person.size() < largest.samples + largest.probes) continue;
        const auto match = search(person, largest.samples);
        const bool right = match.best->subject_id == subject_id(i);
        if (right) result.rank_one += 1;  // identify() divides this by the number of searches
        result.mated.add(right ? score(match, margin) : -1);
    }
    for (const auto& person : trial.impostors) {
        result.impostors.add(score(search(person, 0), margin));
    }
}

}  // namespace

IdentificationReport identify(const FaceSet& set, const IdentificationOptions& options,
                              const std::function<void()>& step) {
    Identification largest;
    largest.samples = std::ranges::max(options.samples);
    largest.probes = std::ranges::max(options.probes);
    const auto people = with_faces(people_of(set), std::max(largest.samples, largest.probes));
    IdentificationReport report;
    report.enrolled = people.size() / 2;
    report.impostors = people.size() - report.enrolled;
    report.mated = with_faces(people, largest.samples + largest.probes).size() / 2;  // on average
    if (report.mated < 2 || report.impostors < 2) return report;
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
        const auto trial = split(people, random);
        for (auto& result : report.results) add_searches(result, trial, largest, options.margin);
        step();
    }
    for (auto& result : report.results) {
        result.rank_one /= static_cast<double>(std::max<std::uint64_t>(result.mated.total(), 1));
    }
    return report;
}

}  // namespace facebus::cli
