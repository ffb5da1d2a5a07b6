#include "cli/evaluation/calibration_check.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "cli/evaluation/fit_cohort.hpp"
#include "cli/evaluation/people.hpp"
#include "cli/must.hpp"
#include "gallery/decide/calibration.hpp"

namespace facebus::cli {
namespace {

constexpr std::size_t samples_each = 3;  // samples per enrolled person
constexpr std::size_t probes_each = 3;   // probes per person

/// One random split of the people. The first `samples_each` images of an enrolled person are
/// samples, and the next `probes_each` images are probes. The number of enrolled people exceeds the
/// number of impostors by at most one.
struct Trial {
    std::vector<Person> enrolled;
    std::vector<Person> impostors;
};

Trial draw_trial(std::vector<Person>& people, Random& random) {
    Trial trial;
    random.shuffle(people);
    for (auto& person : people) {
        random.shuffle(person);
        const bool enough_to_enrol = person.size() >= samples_each + probes_each;
        if (enough_to_enrol && trial.enrolled.size() <= trial.impostors.size()) {
            trial.enrolled.push_back(person);
        } else if (person.size() >= probes_each) {
            trial.impostors.push_back(person);
        }
    }
    return trial;
}

/// Counts a decision in the bin of its predicted probability.
void add_to_bin(CalibrationCheck& check, const gallery::Decision& decision, bool correct) {
    const auto tenth =
        std::min<std::size_t>(static_cast<std::size_t>(decision.probability * 10), 9);
    auto& bin = check.bins[tenth];
    ++bin.decisions;
    bin.correct += correct ? 1U : 0U;
    bin.predicted += decision.probability;
}

void run(CalibrationCheck& check, const Trial& trial, const gallery::Policy& base,
         const gallery::Cohort& cohort) {
    const auto gallery = enrol(trial.enrolled, samples_each, cohort.model_id);
    const auto policy = must(gallery::calibrate(gallery, base, cohort, check.target_fpir,
                                                gallery::impostors_needed(check.target_fpir)))
                            .policy;
    for (std::size_t i = 0; i < trial.enrolled.size(); ++i) {
        const auto probes = probes_of(trial.enrolled[i], samples_each, probes_each);
        const auto decision = gallery::decide(probes, gallery, policy);
        const bool right = decision.match.best->subject_id == subject_id(i);
        const bool named = decision.verdict == gallery::Verdict::known;
        ++check.mated;
        check.mated_named += named && right ? 1U : 0U;
        check.mated_misidentified += named && !right ? 1U : 0U;
        add_to_bin(check, decision, right);
    }
    // The predicted probability assumes that impostors are as frequent as enrolled people, so count
    // at most as many impostors as enrolled people in the bins.
    std::size_t added = 0;
    for (const auto& person : trial.impostors) {
        const auto decision = gallery::decide(probes_of(person, 0, probes_each), gallery, policy);
        ++check.impostors;
        check.impostors_named += decision.verdict == gallery::Verdict::known ? 1U : 0U;
        if (++added <= trial.enrolled.size()) add_to_bin(check, decision, false);
    }
}

}  // namespace

CalibrationCheck check_calibration(const FaceSet& set, const gallery::Policy& base, double fpir,
                                   std::size_t trials_each_half,
                                   const std::function<void()>& step) {
    CalibrationCheck check;
    check.target_fpir = fpir;
    check.samples = samples_each;
    check.probes = probes_each;
    auto people = people_of(set);
    Random random(1);
    random.shuffle(people);
    const auto middle = people.begin() + static_cast<std::ptrdiff_t>(people.size() / 2);
    std::array halves{std::vector<Person>(people.begin(), middle),
                      std::vector<Person>(middle, people.end())};
    // If at least three people have enough images, draw_trial() enrols at least two people.
    for (const auto& half : halves) {
        if (with_faces(half, samples_each + probes_each).size() < 3) return {};
    }
    for (const std::size_t fitted : {0U, 1U}) {
        const auto cohort = fit_cohort(halves[fitted], set.model_id);
        if (!cohort) return {};
        for (std::size_t i = 0; i < trials_each_half; ++i) {
            const auto trial = draw_trial(halves[1 - fitted], random);
            run(check, trial, base, *cohort);
            ++check.trials;
            step();
        }
    }
    return check;
}

}  // namespace facebus::cli
