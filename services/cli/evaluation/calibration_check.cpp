#include "cli/evaluation/calibration_check.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "base/random.hpp"
#include "cli/evaluation/fit_cohort.hpp"
#include "cli/evaluation/people.hpp"
#include "cli/must.hpp"
#include "gallery/decide/calibration.hpp"

namespace facebus::cli {
namespace {

constexpr std::array<std::size_t, 3> counts{1, 3, 5};  // numbers of samples and of probes
constexpr std::array<std::size_t, 5> sizes{10, 30, 100, 300, 500};
// Maximum number of impostors per trial, and minimum number of people who remain as impostors.
constexpr std::size_t max_impostors = 200;
constexpr std::size_t min_impostors = 10;

/// Searches for one impostor, over all trials.
struct ImpostorCount {
    double searches = 0;
    double named = 0;
};

/// A row, and what is needed to compute its interval.
struct RowState {
    CalibrationCheck::Row row;
    std::map<const EmbeddedFace*, ImpostorCount> people;  ///< by their first face in the set
};

/// Counts a decision in the bin of its predicted probability.
void add_to_bin(CalibrationCheck& check, const gallery::Decision& decision, bool correct) {
    const auto tenth =
        std::min<std::size_t>(static_cast<std::size_t>(decision.probability * 10), 9);
    auto& bin = check.bins[tenth];
    ++bin.decisions;
    bin.correct += correct ? 1U : 0U;
    bin.predicted += decision.probability;
}

/// People of one trial. The images of each person are in random order.
struct Trial {
    std::vector<Person> people;                   ///< in random order
    std::vector<const EmbeddedFace*> identities;  ///< per person, the first face in the set
};

/// Runs the searches for one combination of numbers of samples, probes and subjects. `rows` has one
/// element per target FPIR.
void run(CalibrationCheck& check, std::span<RowState> rows, const Trial& trial,
         const gallery::Policy& base, const gallery::Cohort& cohort,
         const std::shared_ptr<const gallery::ScoreSpace>& space) {
    const auto [samples, probes, subjects] =
        std::tuple(rows[0].row.samples, rows[0].row.probes, rows[0].row.subjects);
    std::vector<Person> enrolled;
    std::vector<std::size_t> impostors;
    for (std::size_t i = 0; i < trial.people.size(); ++i) {
        const auto& person = trial.people[i];
        if (person.size() >= samples && enrolled.size() < subjects) {
            enrolled.push_back(person);
        } else if (person.size() >= probes && impostors.size() < max_impostors) {
            impostors.push_back(i);
        }
    }
    const auto gallery = enrol(enrolled, samples, cohort.model_id, space);
    std::vector<gallery::Policy> policies;
    for (const auto& state : rows) {
        policies.push_back(
            must(gallery::calibrate(gallery, {state.row.target_fpir, base}, cohort)).policy);
    }
    std::size_t mated = 0;
    for (std::size_t i = 0; i < enrolled.size(); ++i) {
        if (enrolled[i].size() < samples + probes) continue;
        const auto images = probes_of(enrolled[i], samples, probes);
        ++mated;
        for (std::size_t k = 0; k < rows.size(); ++k) {
            const auto decision = gallery::decide(images, gallery, policies[k]);
            const bool right = decision.match.best->subject_id == subject_id(i);
            const bool named = decision.verdict == gallery::Verdict::known;
            auto& row = rows[k].row;
            ++row.mated;
            row.mated_named += named && right ? 1U : 0U;
            row.mated_misidentified += named && !right ? 1U : 0U;
            if (k == 0) add_to_bin(check, decision, right);
        }
    }
    // The predicted probability assumes that impostors are as frequent as enrolled people, so count
    // at most as many impostors as enrolled people in the bins.
    std::size_t added = 0;
    for (const auto person : impostors) {
        const auto images = probes_of(trial.people[person], 0, probes);
        ++added;
        for (std::size_t k = 0; k < rows.size(); ++k) {
            const auto decision = gallery::decide(images, gallery, policies[k]);
            const bool named = decision.verdict == gallery::Verdict::known;
            ++rows[k].row.impostors;
            rows[k].row.impostors_named += named ? 1U : 0U;
            auto& count = rows[k].people[trial.identities[person]];
            count.searches += 1;
            count.named += named ? 1 : 0;
            if (k == 0 && added <= mated) add_to_bin(check, decision, false);
        }
    }
}

/// Returns the 95% interval of the FPIR: a bootstrap over the impostors.
Interval interval_of(const RowState& state) {
    std::vector<ImpostorCount> people;
    people.reserve(state.people.size());
    for (const auto& [person, count] : state.people) people.push_back(count);
    if (people.empty()) return {};
    constexpr std::size_t draws = 400;
    Random random(1);
    std::vector<double> rates;
    for (std::size_t draw = 0; draw < draws; ++draw) {
        ImpostorCount sum;
        for (std::size_t i = 0; i < people.size(); ++i) {
            const auto& one = people[random.below(people.size())];
            sum.searches += one.searches;
            sum.named += one.named;
        }
        rates.push_back(sum.named / sum.searches);
    }
    std::ranges::sort(rates);
    return {rates[draws / 40], rates[draws - 1 - draws / 40]};
}

/// Returns the number of people with at least `images` images.
std::size_t count_with(const std::vector<Person>& people, std::size_t images) {
    return with_faces(people, images).size();
}

}  // namespace

CalibrationCheck check_calibration(const FaceSet& set, const gallery::Policy& base,
                                   const std::vector<double>& fpirs, std::size_t trials_each_half,
                                   const std::function<void()>& step) {
    CalibrationCheck check;
    auto people = people_of(set);
    Random random(1);
    random.shuffle(people);
    const auto middle = people.begin() + static_cast<std::ptrdiff_t>(people.size() / 2);
    const std::array halves{std::vector<Person>(people.begin(), middle),
                            std::vector<Person>(middle, people.end())};
    std::vector<std::vector<RowState>> rows;  // one element per combination, with one per FPIR
    for (const auto samples : counts) {
        for (const auto probes : counts) {
            for (const auto subjects : sizes) {
                const bool enough = std::ranges::all_of(halves, [&](const auto& half) {
                    // Nobody who could be an impostor is enrolled before the gallery is full, so
                    // about this number of people remains.
                    const auto eligible = count_with(half, std::max(samples, probes));
                    return count_with(half, samples) >=
                               subjects + (probes <= samples ? min_impostors : 0) &&
                           eligible >= 2 * min_impostors;
                });
                if (!enough) continue;
                auto& row = rows.emplace_back();
                for (const double fpir : fpirs) {
                    row.push_back({{.samples = samples,
                                    .probes = probes,
                                    .subjects = subjects,
                                    .target_fpir = fpir},
                                   {}});
                }
            }
        }
    }
    if (rows.empty()) return check;
    for (const std::size_t fitted : {0U, 1U}) {
        const auto fit = fit_cohort(halves[fitted], set.model_id);
        if (!fit) return {};
        // Round the vectors like those of a shipped cohort.
        const auto cohort = must(gallery::read_cohort(gallery::write_cohort(*fit)));
        const auto space = std::make_shared<const gallery::ScoreSpace>(cohort);
        for (std::size_t i = 0; i < trials_each_half; ++i) {
            Trial trial{halves[1 - fitted], {}};
            random.shuffle(trial.people);
            for (auto& person : trial.people) {
                trial.identities.push_back(person.front());
                random.shuffle(person);
            }
            for (auto& row : rows) run(check, row, trial, base, cohort, space);
            ++check.trials;
            step();
        }
    }
    for (auto& row : rows) {
        for (auto& state : row) {
            state.row.fpir = interval_of(state);
            check.rows.push_back(state.row);
        }
    }
    return check;
}

}  // namespace facebus::cli
