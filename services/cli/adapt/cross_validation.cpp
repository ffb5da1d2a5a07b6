#include "cli/adapt/cross_validation.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>

#include <opencv2/core.hpp>

#include "base/random.hpp"
#include "cli/adapt/matrix.hpp"
#include "cli/evaluation/scores.hpp"
#include "gallery/decide/fusion.hpp"
#include "gallery/match/matcher.hpp"

namespace facebus::cli {
namespace {

constexpr std::size_t draws = 400;  // of the bootstrap

/// Scores of one search; see Search::missed.
struct Scores {
    float mated = Search::missed;     ///< of the right person, in the whole gallery
    float impostor = Search::missed;  ///< of the best other person
};

/// The searches for the faces of some people.
struct Probes {
    std::vector<std::size_t> person;  ///< per search, index of the person
    std::vector<Embedding> templates;
};

/// Results of a method for all searches.
struct Outcome {
    std::vector<Scores> scores;
    std::vector<char> valid = std::vector<char>(adaptation_folds, 0);  ///< per fold
    ScoreCounts pairs;  ///< scores of single samples of other people
};

Probes probes_of_all(const AdaptationInput& input, std::size_t fused) {
    Probes out;
    for (std::size_t i = 0; i < input.people.size(); ++i) {
        const auto& faces = input.people[i].faces;
        for (std::size_t first = 0; first < faces.size(); first += fused) {
            const auto count = std::min(fused, faces.size() - first);
            out.person.push_back(i);
            out.templates.push_back(gallery::fuse(probes_of(faces, first, count)));
        }
    }
    return out;
}

/// The gallery as a matrix.
class Gallery {
  public:
    explicit Gallery(const AdaptationInput& input) : input_(input) {
        for (const auto& person : input.enrolled) {
            ends_.push_back(samples_.size() + person.size());
            samples_.insert(samples_.end(), person.begin(), person.end());
        }
        shipped_ = offsets(samples_, input.cohort.vectors, input.cohort.nearest);
    }

    /// Searches for the probes with these indices. `probe_map` changes the probes, `samples` the
    /// normalisation of the samples; nullptr: neither. Counts the scores of single samples of other
    /// people in `pairs`, if it is set.
    void search(const Probes& probes, const std::vector<std::size_t>& indices,
                const gallery::Adaptation* probe_map, const gallery::Adaptation* samples,
                float margin, std::vector<Scores>& out, ScoreCounts* pairs) const {
        if (indices.empty()) return;
        const gallery::ScoreSpace space(input_.cohort);
        std::vector<Embedding> centred;
        for (const auto index : indices) {
            const auto& probe = probes.templates[index];
            centred.push_back(probe_map != nullptr ? probe_map->centred(probe)
                                                   : space.centred(probe));
        }
        const auto own = offsets(centred, input_.cohort.vectors, input_.cohort.nearest);
        auto added = shipped_;
        if (samples != nullptr && !samples->vectors.empty()) {
            added = offsets(samples_, samples->vectors, samples->nearest);
            for (float& each : added) each += samples->sample_shift;
        }
        cv::Mat products;
        cv::gemm(to_matrix(centred), to_matrix(samples_), 1, cv::noArray(), 0, products,
                 cv::GEMM_2_T);
        for (std::size_t i = 0; i < indices.size(); ++i) {
            auto* const row = products.ptr<float>(static_cast<int>(i));
            for (std::size_t k = 0; k < added.size(); ++k) row[k] += added[k] + own[i];
            const auto person = probes.person[indices[i]];
            out[indices[i]] = best(row, input_.people[person].subject, margin, pairs);
        }
    }

  private:
    static std::vector<float> offsets(const std::vector<Embedding>& embeddings,
                                      const std::vector<Embedding>& vectors, std::size_t nearest) {
        auto out = mean_of_nearest(embeddings, vectors, nearest);
        for (float& each : out) each *= -0.5F;
        return out;
    }

    /// Returns the scores of a search, given those of all samples. Reorders the scores.
    Scores best(float* row, std::size_t subject, float margin, ScoreCounts* pairs) const {
        // The three best: enough to know best and runner-up also without the own subject.
        std::array<std::pair<float, std::size_t>, 3> top;
        top.fill({-std::numeric_limits<float>::infinity(), not_enrolled});
        float own = Search::missed;
        std::size_t first = 0;
        for (std::size_t i = 0; i < ends_.size(); ++i) {
            auto* const begin = row + first;
            auto* const end = row + ends_[i];
            first = ends_[i];
            if (pairs != nullptr && i != subject) {
                for (const auto* score = begin; score != end; ++score) pairs->add(*score);
            }
            const auto count = std::min<std::ptrdiff_t>(end - begin, gallery::best_k);
            std::partial_sort(begin, begin + count, end, std::greater{});
            const float score =
                std::accumulate(begin, begin + count, 0.0F) / static_cast<float>(count);
            if (i == subject) own = score;
            if (score <= top.back().first) continue;
            top.back() = {score, i};
            std::ranges::sort(top, std::greater{});
        }
        Scores out;
        if (top[0].second == subject && top[0].first - top[1].first >= margin) out.mated = own;
        const auto others =
            std::ranges::remove(top, subject, [](const auto& t) { return t.second; });
        const auto count = others.begin() - top.begin();
        if (count < 2 || top[0].first - top[1].first >= margin) out.impostor = top[0].first;
        return out;
    }

    const AdaptationInput& input_;
    std::vector<Embedding> samples_;
    std::vector<std::size_t> ends_;  ///< per subject, index after its last sample
    std::vector<float> shipped_;     ///< what the samples add to their scores, with the cohort
};

/// Computes error rates of the searches.
class Rates {
  public:
    Rates(const AdaptationInput& input, const Probes& probes, double fpir)
        : input_(input), probes_(probes), fpir_(fpir) {}

    /// Returns the indices of the searches, the highest score of an impostor first.
    static std::vector<std::size_t> sorted(const std::vector<Scores>& scores) {
        std::vector<std::size_t> order(scores.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, std::greater{},
                                 [&](std::size_t i) { return scores[i].impostor; });
        return order;
    }

    /// Returns the FNIR. A person counts `weights[person]` times. `order`: from sorted().
    [[nodiscard]] double fnir(const std::vector<Scores>& scores,
                              const std::vector<std::size_t>& order,
                              const std::vector<double>& weights) const {
        double total = 0;
        for (const auto i : order) total += weights[probes_.person[i]];
        double identified = 0;
        float threshold = 2;
        for (const auto i : order) {
            identified += weights[probes_.person[i]];
            if (identified > fpir_ * total) break;
            threshold = scores[i].impostor;
        }
        double all = 0;
        double missed = 0;
        for (std::size_t i = 0; i < scores.size(); ++i) {
            const auto person = probes_.person[i];
            if (input_.people[person].subject == not_enrolled) continue;
            all += weights[person];
            if (!(scores[i].mated >= threshold && scores[i].mated > Search::missed)) {
                missed += weights[person];
            }
        }
        return all > 0 ? missed / all : 0;
    }

    [[nodiscard]] Gain compare(const std::vector<Scores>& before,
                               const std::vector<Scores>& after) const {
        const auto before_order = sorted(before);
        const auto after_order = sorted(after);
        std::vector<double> weights(input_.people.size(), 1);
        Gain gain;
        gain.before = fnir(before, before_order, weights);
        gain.after = fnir(after, after_order, weights);
        Random random(1);
        std::vector<double> reductions;
        for (std::size_t draw = 0; draw < draws; ++draw) {
            std::ranges::fill(weights, 0);
            for (std::size_t i = 0; i < weights.size(); ++i) {
                weights[random.below(weights.size())] += 1;
            }
            const double old = fnir(before, before_order, weights);
            const double now = fnir(after, after_order, weights);
            reductions.push_back(old > 0 ? 1 - now / old : 0);
        }
        std::ranges::sort(reductions);
        gain.reduction = {reductions[draws / 40], reductions[draws - 1 - draws / 40]};
        return gain;
    }

  private:
    const AdaptationInput& input_;
    const Probes& probes_;
    double fpir_;
};

/// Returns the score that the share `rate` of the scores reaches.
double quantile(const ScoreCounts& counts, double rate) {
    const auto wanted = rate * static_cast<double>(counts.total());
    double reached = 0;
    std::size_t step = ScoreCounts::steps;
    while (step > 0 && reached < wanted) reached += static_cast<double>(counts.in_step(--step));
    return ScoreCounts::value(step);
}

/// Returns what must be added to the scores, so that impostors reach a score as often as those of
/// the cohort: the mean difference at the rates that both distributions contain.
float shift_of(const ScoreCounts& pairs, const gallery::Cohort& cohort) {
    constexpr double highest_rate = 0.011;
    constexpr double min_scores = 30;
    double sum = 0;
    std::size_t count = 0;
    for (const auto& [rate, score] : cohort.impostors) {
        if (rate > highest_rate || rate * static_cast<double>(pairs.total()) < min_scores) continue;
        sum += score - quantile(pairs, rate);
        ++count;
    }
    return count > 0 ? static_cast<float>(sum / static_cast<double>(count)) : 0;
}

double share_at_least(const std::vector<Scores>& scores, float threshold) {
    const auto reached = std::ranges::count_if(
        scores, [&](const Scores& each) { return each.impostor >= threshold; });
    return static_cast<double>(reached) / static_cast<double>(scores.size());
}

/// Cross-validation in progress.
class Validation {
  public:
    Validation(const AdaptationInput& input, const CrossValidationOptions& options)
        : input_(input),
          options_(options),
          probes_(probes_of_all(input, options.probes)),
          rates_(input, probes_, options.fpir),
          fold_(input.people.size()) {
        // Distribute enrolled and unknown people evenly over the folds.
        std::vector<std::size_t> order(input.people.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        Random random(1);
        random.shuffle(order);
        std::array<std::size_t, 2> next{};
        for (const auto i : order) {
            auto& counter = next.at(input.people[i].subject == not_enrolled ? 1 : 0);
            fold_[i] = counter++ % adaptation_folds;
        }
    }

    /// Searches with one method, or without one.
    Outcome run(const Method* method, const std::function<void()>& step) const {
        const Gallery gallery(input_);
        Outcome out;
        out.scores.resize(probes_.person.size());
        for (std::size_t fold = 0; fold < adaptation_folds; ++fold) {
            std::vector<std::size_t> train;
            for (std::size_t i = 0; i < fold_.size(); ++i) {
                if (fold_[i] != fold) train.push_back(i);
            }
            std::vector<std::size_t> test;
            for (std::size_t i = 0; i < probes_.person.size(); ++i) {
                if (fold_[probes_.person[i]] == fold) test.push_back(i);
            }
            std::optional<gallery::Adaptation> adaptation;
            if (method != nullptr) adaptation = fit_adaptation(input_, train, *method);
            out.valid[fold] = method == nullptr || adaptation ? 1 : 0;
            const auto* used = adaptation ? &*adaptation : nullptr;
            gallery.search(probes_, test, used, used, options_.margin, out.scores, &out.pairs);
            step();
        }
        return out;
    }

    /// Returns the FNIR of the people who are not in `fold`. With a number that is not the index of
    /// a fold, returns that of all people.
    [[nodiscard]] double fnir_without(const Outcome& outcome, std::size_t fold) const {
        std::vector<double> weights;
        weights.reserve(fold_.size());
        for (const auto each : fold_) weights.push_back(each == fold ? 0 : 1);
        return rates_.fnir(outcome.scores, Rates::sorted(outcome.scores), weights);
    }

    /// Compares with the searches of `before`. For the people of each fold, takes the outcome that
    /// has the lowest FNIR for the other people.
    [[nodiscard]] Gain compare(const Outcome& before,
                               const std::vector<const Outcome*>& outcomes) const {
        auto scores = before.scores;
        Gain gain;
        std::size_t usable = 0;
        for (std::size_t fold = 0; fold < adaptation_folds; ++fold) {
            const auto* best = *std::ranges::min_element(
                outcomes, {}, [&](const Outcome* each) { return fnir_without(*each, fold); });
            if (best->valid[fold] != 0) ++usable;
            // Scores of different methods are comparable only after their shift.
            const float shift = shift_of(best->pairs, input_.cohort);
            for (std::size_t i = 0; i < scores.size(); ++i) {
                if (fold_[probes_.person[i]] != fold) continue;
                scores[i] = best->scores[i];
                if (scores[i].mated > Search::missed) scores[i].mated += shift;
                if (scores[i].impostor > Search::missed) scores[i].impostor += shift;
            }
        }
        gain = rates_.compare(before.scores, scores);
        gain.usable = usable;
        return gain;
    }

    [[nodiscard]] const Probes& probes() const { return probes_; }

  private:
    const AdaptationInput& input_;
    CrossValidationOptions options_;
    Probes probes_;
    Rates rates_;
    std::vector<std::size_t> fold_;  ///< per person
};

}  // namespace

CrossValidation cross_validate(const AdaptationInput& input, const CrossValidationOptions& options,
                               float threshold, const std::function<void()>& step) {
    const Validation validation(input, options);
    const auto before = validation.run(nullptr, step);
    CrossValidation out;
    out.impostors = before.scores.size();
    for (const auto person : validation.probes().person) {
        if (input.people[person].subject != not_enrolled) ++out.mated;
    }
    std::vector<Outcome> outcomes;
    for (const auto& method : adaptation_methods())
        outcomes.push_back(validation.run(&method, step));

    std::vector<std::string> names;
    const auto& methods = adaptation_methods();
    for (const auto& method : methods) {
        if (std::ranges::find(names, method.name) == names.end()) names.push_back(method.name);
    }
    for (const auto& name : names) {
        std::vector<const Outcome*> same;
        for (std::size_t i = 0; i < methods.size(); ++i) {
            if (methods[i].name == name) same.push_back(&outcomes[i]);
        }
        out.methods.push_back(validation.compare(before, same));
        out.methods.back().method = name;
    }
    const auto choose = [&](bool own_cohort) {
        std::vector<const Outcome*> candidates{&before};
        for (std::size_t i = 0; i < methods.size(); ++i) {
            if (own_cohort || !methods[i].own_cohort) candidates.push_back(&outcomes[i]);
        }
        const auto* best = *std::ranges::min_element(candidates, {}, [&](const Outcome* each) {
            return validation.fnir_without(*each, adaptation_folds);
        });
        Choice choice;
        choice.gain = validation.compare(before, candidates);
        if (best == &before) return choice;
        choice.best = methods[static_cast<std::size_t>(best - outcomes.data())];
        choice.gain.method = choice.best->name;
        choice.shift = shift_of(best->pairs, input.cohort);
        choice.fpir_after = share_at_least(best->scores, threshold - choice.shift);
        return choice;
    };
    out.any = choose(true);
    out.only_probes = choose(false);
    out.fpir_before = share_at_least(before.scores, threshold);
    return out;
}

Gain measure_photos(const AdaptationInput& photos, const gallery::Adaptation& adaptation,
                    const CrossValidationOptions& options) {
    const auto probes = probes_of_all(photos, options.probes);
    const Gallery gallery(photos);
    std::vector<std::size_t> all(probes.person.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::vector<Scores> before(all.size());
    auto after = before;
    gallery.search(probes, all, nullptr, nullptr, options.margin, before, nullptr);
    gallery.search(probes, all, nullptr, &adaptation, options.margin, after, nullptr);
    auto gain = Rates(photos, probes, options.fpir).compare(before, after);
    gain.method = adaptation.method;
    return gain;
}

}  // namespace facebus::cli
