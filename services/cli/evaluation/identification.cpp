#include "cli/evaluation/identification.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>

#include "base/random.hpp"
#include "cli/evaluation/fit_cohort.hpp"
#include "cli/evaluation/people.hpp"
#include "cli/must.hpp"
#include "gallery/decide/decision.hpp"

namespace facebus::cli {
namespace {

using Space = std::shared_ptr<const gallery::ScoreSpace>;

/// A person, and the index of this person in the set.
struct NumberedPerson {
    std::size_t number = 0;
    Person images;
};

/// People who are compared with each other, and the space of their scores.
struct Fold {
    std::vector<NumberedPerson> people;
    Space space;
};

/// One random split of the people of a fold. The images of each person are in random order. The
/// first images of an enrolled person are samples, later images are probes.
struct Trial {
    std::vector<NumberedPerson> enrolled;
    std::vector<NumberedPerson> impostors;
};

Trial split(std::vector<NumberedPerson> people, Random& random) {
    random.shuffle(people);
    for (auto& person : people) random.shuffle(person.images);
    const auto middle = people.begin() + static_cast<std::ptrdiff_t>(people.size() / 2);
    return {{people.begin(), middle}, {middle, people.end()}};
}

/// Returns the score of the best subject, or Search::missed if its margin is too small.
float score(const gallery::Match& match, float margin) {
    return gallery::clears_margin(match, margin) ? match.best->score : Search::missed;
}

/// Adds the searches of one trial to `result`.
void add_searches(Identification& result, const Trial& trial, const Space& space, float margin) {
    static const auto plain = std::make_shared<const gallery::ScoreSpace>();
    std::vector<Person> enrolled;
    std::vector<const NumberedPerson*> subjects;
    for (const auto& person : trial.enrolled) {
        if (person.images.size() < result.samples) continue;
        enrolled.push_back(person.images);
        subjects.push_back(&person);
    }
    if (enrolled.empty()) return;
    const auto gallery = enrol(enrolled, result.samples, "", space);
    const auto cosines = enrol(enrolled, result.samples, "", plain);
    const auto search = [&](const gallery::Snapshot& in, const Person& person, std::size_t first) {
        return in.match(gallery::fuse(probes_of(person, first, result.probes)));
    };
    for (std::size_t i = 0; i < enrolled.size(); ++i) {
        const auto& person = enrolled[i];
        if (person.size() < result.samples + result.probes) continue;
        const auto match = search(gallery, person, result.samples);
        const auto cosine = search(cosines, person, result.samples);
        const auto value = [&](const gallery::Match& found) {
            const bool right = found.best->subject_id == subject_id(i);
            return right ? score(found, margin) : Search::missed;
        };
        // identify() divides this by the number of searches.
        if (match.best->subject_id == subject_id(i)) result.rank_one += 1;
        result.mated.add(value(match));
        result.mated_searches.push_back({subjects[i]->number, value(match), value(cosine)});
    }
    for (const auto& person : trial.impostors) {
        if (person.images.size() < result.probes) continue;
        const Search impostor{person.number, score(search(gallery, person.images, 0), margin),
                              score(search(cosines, person.images, 0), margin)};
        result.impostors.add(impostor.score);
        result.impostor_searches.push_back(impostor);
    }
}

std::vector<Fold> folds_of(const FaceSet& set, std::size_t folds) {
    auto people = people_of(set);
    if (folds == 0) {
        std::vector<NumberedPerson> all;
        all.reserve(people.size());
        for (auto& person : people) all.push_back({all.size(), std::move(person)});
        return {{std::move(all), gallery::ScoreSpace::of(set.model_id)}};
    }
    Random random(1);
    random.shuffle(people);
    std::vector<Fold> out(folds);
    for (std::size_t k = 0; k < folds; ++k) {
        std::vector<Person> others;
        for (std::size_t i = 0; i < people.size(); ++i) {
            if (i % folds == k) {
                out[k].people.push_back({i, people[i]});
            } else {
                others.push_back(people[i]);
            }
        }
        out[k].space = std::make_shared<const gallery::ScoreSpace>(
            must(fit_cohort(others, set.model_id, CohortParts::vectors)));
    }
    return out;
}

/// Returns the FNIR at this FPIR. `value` selects what is compared. A person counts
/// `weights[person]` times. The searches for impostors must be sorted by that value, the highest
/// first.
double fnir(const std::vector<Search>& mated, const std::vector<Search>& impostors,
            const std::vector<double>& weights, double fpir, float Search::* value) {
    double total = 0;
    for (const auto& search : impostors) total += weights[search.person];
    double identified = 0;
    float threshold = 2;  // the lowest value that no further impostor may reach
    for (const auto& search : impostors) {
        identified += weights[search.person];
        if (identified > fpir * total) break;
        threshold = search.*value;
    }
    double all = 0;
    double missed = 0;
    for (const auto& search : mated) {
        all += weights[search.person];
        if (!(search.*value >= threshold && search.*value > Search::missed)) {
            missed += weights[search.person];
        }
    }
    return all > 0 ? missed / all : 0;
}

}  // namespace

std::optional<Comparison> Identification::compare(double rate) const {
    if (rate * static_cast<double>(impostor_searches.size()) < 1) return std::nullopt;
    auto by_score = impostor_searches;
    auto by_cosine = impostor_searches;
    std::ranges::stable_sort(by_score, std::greater{}, &Search::score);
    std::ranges::stable_sort(by_cosine, std::greater{}, &Search::cosine);
    std::size_t people = 0;
    for (const auto* list : {&mated_searches, &impostor_searches}) {
        for (const auto& search : *list) people = std::max(people, search.person + 1);
    }
    std::vector<double> weights(people, 1);
    Comparison out;
    out.cosine = fnir(mated_searches, by_cosine, weights, rate, &Search::cosine);
    out.score = fnir(mated_searches, by_score, weights, rate, &Search::score);
    constexpr std::size_t draws = 400;
    Random random(1);
    std::vector<double> reductions;
    for (std::size_t draw = 0; draw < draws; ++draw) {
        std::ranges::fill(weights, 0);
        for (std::size_t i = 0; i < people; ++i) weights[random.below(people)] += 1;
        const double cosine = fnir(mated_searches, by_cosine, weights, rate, &Search::cosine);
        const double score = fnir(mated_searches, by_score, weights, rate, &Search::score);
        reductions.push_back(cosine > 0 ? 1 - score / cosine : 0);
    }
    std::ranges::sort(reductions);
    out.reduction = {reductions[draws / 40], reductions[draws - 1 - draws / 40]};
    return out;
}

IdentificationReport identify(const FaceSet& set, const IdentificationOptions& options,
                              const std::function<void()>& step) {
    const auto samples = std::ranges::max(options.samples);
    const auto probes = std::ranges::max(options.probes);
    const auto people = people_of(set);
    const auto parts = std::max<std::size_t>(options.folds, 1);
    IdentificationReport report;
    report.enrolled = with_faces(people, samples).size() / 2 / parts;
    report.impostors = (with_faces(people, probes).size() + 1) / 2 / parts;
    report.mated = with_faces(people, samples + probes).size() / 2 / parts;  // on average
    if (report.mated < 2 || report.impostors < 2) return report;
    report.trials = options.trials;
    for (const auto s : options.samples) {
        for (const auto p : options.probes) {
            auto& result = report.results.emplace_back();
            result.samples = s;
            result.probes = p;
            result.enrolled = with_faces(people, s).size() / 2 / parts;
        }
    }
    const auto folds = folds_of(set, options.folds);
    for (std::size_t i = 0; i < options.trials; ++i) {
        Random random(i + 1);
        const auto& fold = folds[i % folds.size()];
        const auto trial = split(fold.people, random);
        for (auto& result : report.results) {
            add_searches(result, trial, fold.space, options.margin);
        }
        step();
    }
    for (auto& result : report.results) {
        result.rank_one /= static_cast<double>(std::max<std::uint64_t>(result.mated.total(), 1));
    }
    return report;
}

}  // namespace facebus::cli
