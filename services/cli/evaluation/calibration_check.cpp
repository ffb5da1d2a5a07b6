#include "cli/evaluation/calibration_check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/random.hpp"
#include "cli/evaluation/fit_cohort.hpp"
#include "gallery/calibration.hpp"

namespace facebus::cli {
namespace {

constexpr std::size_t samples_each = 3;
constexpr std::size_t probes_each = 3;
constexpr std::size_t fewest = 100;  // people in a half

std::vector<gallery::Probe> probes_of(const Person& person, std::size_t first) {
    std::vector<gallery::Probe> probes;
    for (std::size_t i = 0; i < probes_each; ++i) {
        const auto& face = *person[first + i];
        probes.push_back({fmt::format("{}", i), face.embedding, face.quality.overall});
    }
    return probes;
}

struct Trial {
    std::vector<gallery::Subject> subjects;
    std::vector<gallery::Sample> samples;
    std::vector<std::pair<std::string, std::vector<gallery::Probe>>> mated;
    std::vector<std::vector<gallery::Probe>> strangers;
};

Trial draw(std::vector<Person>& people, const std::string& model_id, Random& random) {
    Trial trial;
    random.shuffle(people);
    for (auto& person : people) {
        random.shuffle(person);
        const bool can_be_both = person.size() >= samples_each + probes_each;
        if (can_be_both && trial.subjects.size() <= trial.strangers.size()) {
            const auto id = fmt::format("{:06}", trial.subjects.size());
            trial.subjects.push_back({id, id, 0});
            for (std::size_t i = 0; i < samples_each; ++i) {
                gallery::Sample sample;
                sample.id = fmt::format("{}-{}", id, i);
                sample.subject_id = id;
                sample.model_id = model_id;
                sample.quality = person[i]->quality.overall;
                sample.embedding = person[i]->embedding;
                trial.samples.push_back(std::move(sample));
            }
            trial.mated.emplace_back(id, probes_of(person, samples_each));
        } else if (person.size() >= probes_each) {
            trial.strangers.push_back(probes_of(person, 0));
        }
    }
    return trial;
}

void put(CalibrationCheck& check, const gallery::Decision& decision, bool right) {
    const auto tenth =
        std::min<std::size_t>(static_cast<std::size_t>(decision.probability * 10), 9);
    auto& bin = check.bins[tenth];
    ++bin.answers;
    bin.right += right ? 1U : 0U;
    bin.said += decision.probability;
}

void run(CalibrationCheck& check, const Trial& trial, const gallery::Policy& base,
         const gallery::Cohort& cohort) {
    const gallery::Snapshot gallery(cohort.model_id, trial.subjects, trial.samples, "");
    const auto calibrated = gallery::calibrate(gallery, base, cohort, check.promised,
                                               gallery::strangers_for(check.promised));
    if (!calibrated) throw StartupError(Exit::software, calibrated.error().message);
    for (const auto& [id, probes] : trial.mated) {
        const auto decision = gallery::decide(probes, gallery, calibrated->policy);
        const bool right = decision.match.best->subject_id == id;
        const bool named = decision.verdict == gallery::Verdict::known;
        ++check.mated;
        check.mated_named += named && right ? 1U : 0U;
        check.mated_wrongly += named && !right ? 1U : 0U;
        put(check, decision, right);
    }
    // The probability takes a stranger to be as likely as somebody enrolled, so as many of each.
    std::size_t counted = 0;
    for (const auto& probes : trial.strangers) {
        const auto decision = gallery::decide(probes, gallery, calibrated->policy);
        ++check.strangers;
        check.strangers_named += decision.verdict == gallery::Verdict::known ? 1U : 0U;
        if (++counted <= trial.mated.size()) put(check, decision, false);
    }
}

}  // namespace

CalibrationCheck check_calibration(const FaceSet& set, const gallery::Policy& base,
                                   double false_alarms, std::size_t trials_each_half) {
    CalibrationCheck check;
    check.promised = false_alarms;
    check.samples = samples_each;
    check.probes = probes_each;
    auto people = people_of(set);
    if (people.size() < 2 * fewest) return check;
    Random random(1);
    random.shuffle(people);
    const auto middle = people.begin() + static_cast<std::ptrdiff_t>(people.size() / 2);
    std::array halves{std::vector<Person>(people.begin(), middle),
                      std::vector<Person>(middle, people.end())};
    for (const std::size_t known : {0U, 1U}) {
        const auto cohort = fit_cohort(halves[known], set.model_id);
        for (std::size_t i = 0; i < trials_each_half; ++i) {
            const auto trial = draw(halves[1 - known], set.model_id, random);
            if (trial.mated.size() < 2) return {};
            run(check, trial, base, cohort);
            ++check.trials;
        }
    }
    return check;
}

}  // namespace facebus::cli
