#include "gallery/decide/calibration.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include <fmt/format.h>

namespace facebus::gallery {
namespace {

constexpr double lowest_score = -1;
constexpr double highest_score = 1.2;
constexpr double score_step = 0.002;
// Share of the difference of the means by which the threshold is raised; see decision 3.
constexpr double shift_weight = 0.75;

/// Returns the element that was measured with the numbers of samples and probes closest to the
/// given ones.
template <class Measured>
const Measured& closest(const std::vector<Measured>& all, double samples, double probes) {
    return *std::ranges::min_element(all, {}, [&](const Measured& each) {
        return std::abs(static_cast<double>(each.samples) - samples) +
               std::abs(static_cast<double>(each.probes) - probes);
    });
}

/// Returns the share of the scores between single images of different people that reach `score`.
/// Interpolates the logarithm of the rate, and extrapolates it with the slope at the end.
double impostor_rate(const Cohort& cohort, double score) {
    const auto& points = cohort.impostors;
    // The last two points of the tail rest on few pairs, so the slope at that end is that between
    // the last and the third last.
    const auto last = points.size() - 1;
    std::size_t from = 0;
    std::size_t to = 1;
    if (score >= points[last].score) {
        from = last >= 2 ? last - 2 : 0;
        to = last;
    } else {
        while (to < last && points[to].score < score) ++to;
        from = to - 1;
    }
    const double slope = (std::log(points[to].rate) - std::log(points[from].rate)) /
                         (points[to].score - points[from].score);
    return std::min(1.0, std::exp(std::log(points[to].rate) + slope * (score - points[to].score)));
}

/// What impostors with a number of probes score in a gallery.
class Impostors {
  public:
    /// `counts`: numbers of subjects with 1, 2, 3, 4 and at least 5 samples.
    Impostors(const std::array<std::size_t, 5>& counts, const Cohort& cohort, std::size_t probes,
              float margin) {
        const auto reached = [&](double score) {
            double sum = 0;
            for (std::size_t i = 0; i < counts.size(); ++i) {
                if (counts[i] == 0) continue;
                const auto& shape =
                    closest(cohort.shapes, static_cast<double>(i + 1), static_cast<double>(probes));
                sum += static_cast<double>(counts[i]) *
                       impostor_rate(cohort, (score - shape.offset) / shape.scale);
            }
            return sum;
        };
        // An impostor reaches the score x with `reached(x)` subjects on average, so with each of
        // the n subjects with the probability p(x) = reached(x) / n. The best of them has the score
        // x, and none of the others is within the margin, at the rate
        //   -reached'(x) * (1 - p(x - margin))^(n - 1).
        const auto n =
            static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
        const auto none = [&](double score, double subjects) {
            return std::pow(1 - std::min(1.0, reached(score) / n), subjects);
        };
        const auto steps = static_cast<std::size_t>((highest_score - lowest_score) / score_step);
        rates_.resize(steps + 1);
        best_.resize(steps + 1);
        for (std::size_t i = steps; i-- > 0;) {
            const double low = score_of(i);
            const double density = reached(low) - reached(low + score_step);
            rates_[i] =
                rates_[i + 1] + density * none(low + score_step / 2 - double{margin}, n - 1);
            best_[i] = 1 - none(low, n);
        }
    }

    /// Returns the lowest score at which at most the share `fpir` of the impostors is identified.
    [[nodiscard]] float threshold(double fpir) const {
        for (std::size_t i = 0; i < rates_.size(); ++i) {
            if (rates_[i] <= fpir) return static_cast<float>(score_of(i));
        }
        return static_cast<float>(highest_score);
    }

    /// Returns the score that the share `from_top` of the impostors reaches with the best subject.
    [[nodiscard]] double quantile(double from_top) const {
        const auto found = std::ranges::find_if(best_, [&](double v) { return v <= from_top; });
        return score_of(static_cast<std::size_t>(found - best_.begin()));
    }

  private:
    static double score_of(std::size_t step) {
        return lowest_score + static_cast<double>(step) * score_step;
    }

    // One element per step of the score:
    std::vector<double> rates_;  ///< share of impostors identified at this threshold
    std::vector<double> best_;   ///< share of impostors whose best subject reaches this score
};

/// Returns one template per subject, for the first `limit` subjects with samples: the mean of the
/// subject's samples, normalised to a unit vector.
std::vector<Embedding> subject_templates(const Snapshot& gallery, std::size_t limit) {
    std::vector<Embedding> templates;
    std::string last;  // the rows of a subject are consecutive
    for (std::size_t row = 0; row < gallery.samples(); ++row) {
        auto id = gallery.subject_id(row);
        if (id != last) {
            if (templates.size() == limit) break;
            templates.emplace_back();
            last = std::move(id);
        }
        const auto embedding = gallery.embedding(row);
        for (std::size_t k = 0; k < embedding_size; ++k) templates.back()[k] += embedding[k];
    }
    for (auto& each : templates) normalise(each);
    return templates;
}

/// Computes Calibration::shift.
float measure_shift(const Snapshot& gallery, const Cohort& cohort) {
    constexpr std::size_t limit = 300;  // maximum number of subjects to compare
    const auto templates = subject_templates(gallery, limit);
    if (templates.size() < min_subjects_for_shift) return 0;
    const auto& space = gallery.space();
    std::vector<Embedding> centred;
    std::vector<float> offsets;
    for (const auto& each : templates) {
        centred.push_back(space.centred(each));
        offsets.push_back(space.offset(centred.back()));
    }
    // One difference per subject: mean score with the other subjects, minus that in the cohort.
    std::vector<double> differences(templates.size(), -cohort.impostor_mean);
    const auto count = static_cast<double>(templates.size());
    for (std::size_t i = 0; i < templates.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const double score =
                double{similarity(centred[i], centred[j]) + offsets[i] + offsets[j]} / (count - 1);
            differences[i] += score;
            differences[j] += score;
        }
    }
    const double mean = std::accumulate(differences.begin(), differences.end(), 0.0) / count;
    double variance = 0;
    for (const double each : differences) variance += std::pow(each - mean, 2);
    // Standard error of the mean. In a small gallery the subjects can be similar by chance.
    // Subtracting two standard errors leaves only the statistically significant part.
    const double error = std::sqrt(variance / (count - 1) / count);
    return static_cast<float>(shift_weight * std::max(0.0, mean - 2 * error));
}

/// Returns the share of genuine scores (of enrolled people with their own samples) that are
/// above the threshold. Assumes a normal distribution.
double share_above(double threshold, const Cohort::Genuine& genuine) {
    return 0.5 * std::erfc((threshold - genuine.mean) / (genuine.deviation * std::sqrt(2.0)));
}

/// Logistic function p(x) = 1 / (1 + exp(-(slope * x + offset))).
struct Logistic {
    double slope = 0;
    double offset = 0;
};

/// Fits the probability that a score is genuine, as a function of the score. Uses
/// logistic regression on the scores of impostors and the distribution of genuine
/// scores, with equal weight for both classes.
Logistic fit_logistic(const std::vector<double>& impostors, const Cohort::Genuine& genuine) {
    // Training data: pairs of score and class, where class 1 is genuine. The genuine class is
    // known only as a normal distribution. It is represented by evenly spaced quantiles instead of
    // random numbers. There are as many quantiles as impostors, which gives both classes the same
    // weight.
    std::vector<std::pair<double, double>> data;
    data.reserve(2 * impostors.size());
    for (const double value : impostors) data.emplace_back(value, 0);
    for (std::size_t i = 0; i < impostors.size(); ++i) {
        const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(impostors.size());
        // Compute the standard normal quantile by bisection of the distribution function. This is
        // slow, but the code is short.
        double low = -6;
        double high = 6;
        for (int step = 0; step < 40; ++step) {
            const double middle = (low + high) / 2;
            (0.5 * std::erfc(-middle / std::sqrt(2.0)) < share ? low : high) = middle;
        }
        data.emplace_back(genuine.mean + genuine.deviation * low, 1);
    }
    // Subtract the mean from all scores. Slope and offset are then nearly independent, so
    // that Newton's method converges from fixed initial values.
    double centre = 0;
    for (const auto& [x, y] : data) centre += x;
    centre /= static_cast<double>(data.size());
    Logistic at{20, 0};  // as a function of x - centre
    // Ridge penalty for the slope. Without the penalty, the likelihood has no maximum if every
    // genuine score is above every impostor's score.
    constexpr double ridge = 1e-3;
    for (int step = 0; step < 50; ++step) {
        // Gradient g and negative Hessian h of the penalised log-likelihood. Index 0 is the slope,
        // index 1 is the offset. The offset is not penalised; in h11, `ridge` only keeps the
        // determinant positive.
        double g0 = -ridge * at.slope;
        double g1 = 0;
        double h00 = ridge;
        double h01 = 0;
        double h11 = ridge;
        for (const auto& [x, y] : data) {
            const double d = x - centre;
            const double p = 1 / (1 + std::exp(-(at.slope * d + at.offset)));
            const double w = p * (1 - p);
            g0 += (y - p) * d;
            g1 += y - p;
            h00 += w * d * d;
            h01 += w * d;
            h11 += w;
        }
        const double determinant = h00 * h11 - h01 * h01;
        if (!(determinant > 0)) break;
        // Newton step: solve h * step = g. The new slope and the step of the offset are clamped,
        // because the quadratic approximation can overshoot if the optimum is still far away.
        const double step0 = (g0 * h11 - g1 * h01) / determinant;
        const double step1 = (g1 * h00 - g0 * h01) / determinant;
        at.slope = std::clamp(at.slope + step0, 5.0, 80.0);
        at.offset += std::clamp(step1, -5.0, 5.0);
    }
    // Undo the centring.
    return {at.slope, at.offset - at.slope * centre};
}

}  // namespace

float impostor_threshold(const Cohort& cohort, std::size_t subjects, double fpir) {
    return Impostors({subjects}, cohort, 1, 0).threshold(fpir);
}

Result<Calibration> calibrate(const Snapshot& gallery, const CalibrationOptions& options,
                              const Cohort& cohort) {
    if (!(options.fpir >= min_fpir && options.fpir <= max_fpir)) {
        return fail(ErrorKind::refused,
                    fmt::format("the FPIR must be between {} and {}", min_fpir, max_fpir));
    }
    if (gallery.samples() == 0 && gallery.other_model_samples() > 0) {
        return fail(ErrorKind::refused,
                    fmt::format("the gallery has no samples of model {}, only of other models",
                                gallery.model_id()));
    }
    if (gallery.samples() == 0) {
        return fail(ErrorKind::refused, "the gallery has no samples; enrol somebody first");
    }
    if (gallery.model_id() != cohort.model_id) {
        return fail(ErrorKind::refused,
                    fmt::format("the gallery uses model {}, but the cohort is for model {}",
                                gallery.model_id(), cohort.model_id));
    }
    Calibration out;
    out.shift = measure_shift(gallery, cohort);
    auto& policy = out.policy;
    policy.min_probes = options.base.min_probes;
    policy.margin = options.base.margin;
    policy.min_quality = options.base.min_quality;
    policy.growth = 0;  // the threshold is computed anew when the gallery changes
    policy.early = 0;   // the threshold depends on the number of probes

    const auto used =
        std::min<std::size_t>(static_cast<std::size_t>(policy.min_probes), policy.by_probes.size());
    for (std::size_t probes = 1; probes <= policy.by_probes.size(); ++probes) {
        const Impostors impostors(gallery.subjects_by_samples(), cohort, probes, policy.margin);
        policy.by_probes.at(probes - 1) = impostors.threshold(options.fpir) + out.shift;
        if (probes != used) continue;
        const auto& genuine = closest(cohort.genuine,
                                      static_cast<double>(gallery.samples()) /
                                          static_cast<double>(gallery.subjects_with_samples()),
                                      static_cast<double>(probes));
        out.tpir = share_above(double{policy.by_probes.at(probes - 1)}, genuine);
        // Represent the best scores of impostors by evenly spaced quantiles.
        constexpr std::size_t quantiles = 1000;
        std::vector<double> best;
        best.reserve(quantiles);
        for (std::size_t i = 0; i < quantiles; ++i) {
            best.push_back(impostors.quantile((static_cast<double>(i) + 0.5) / quantiles) +
                           double{out.shift});
        }
        const auto logistic = fit_logistic(best, genuine);
        policy.slope = logistic.slope;
        // decide() subtracts ln(subjects).
        policy.offset = logistic.offset + std::log(static_cast<double>(gallery.subjects()));
    }
    policy.pair_threshold = impostor_threshold(cohort, 1, options.fpir);
    policy.threshold = policy.by_probes.at(used - 1);
    for (float& each : policy.by_probes) each -= policy.threshold;
    return out;
}

Result<Calibration> calibrate(const Snapshot& gallery, const CalibrationOptions& options) {
    const auto* cohort = find_cohort(gallery.model_id());
    // calibrate() reports an empty gallery, whatever the cohort.
    if (cohort == nullptr && gallery.samples() == 0) cohort = &shipped_cohorts().front();
    if (cohort != nullptr) return calibrate(gallery, options, *cohort);
    return fail(ErrorKind::refused,
                fmt::format("facebus ships no cohort (statistics of other people) for model {}; "
                            "fit one with `facebus evaluate FOLDER --write-cohort FILE`, replace "
                            "the file of a model in models/ by it and build facebus again",
                            gallery.model_id()));
}

Policy policy_for(const Snapshot& gallery, const CalibrationOptions& options) {
    const auto done = calibrate(gallery, options);
    return done ? done->policy : options.base;
}

LeaveOneOut leave_one_out(const Snapshot& gallery, const Policy& policy) {
    constexpr std::size_t limit = 500;
    const auto threshold = effective_threshold(policy, gallery.subjects(), 1);
    LeaveOneOut out;
    for (std::size_t row = 0; row < gallery.samples() && out.tested < limit; ++row) {
        const auto subject = gallery.subject_id(row);
        // The rows of a subject are consecutive. If the subject has other samples, one of them is
        // in the previous or the next row.
        const auto same_subject = [&](std::size_t other) {
            return other < gallery.samples() && gallery.subject_id(other) == subject;
        };
        if (!same_subject(row + 1) && (row == 0 || !same_subject(row - 1))) continue;
        const auto match = gallery.match_without(gallery.embedding(row), row);
        ++out.tested;
        const bool right = match.best->subject_id == subject;
        if (right && clears_margin(match, policy.margin) && match.best->score >= threshold) {
            ++out.identified;
        }
    }
    return out;
}

}  // namespace facebus::gallery
