#include "gallery/decide/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include <fmt/format.h>

namespace facebus::gallery {
namespace {

constexpr std::uint64_t seed = 20260101;  // for drawing impostors

/// Returns the mean, or 0 if there are no values.
double mean_of(const std::vector<float>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) /
           static_cast<double>(std::max<std::size_t>(values.size(), 1));
}

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

/// Returns the mean similarity between the subjects, minus their mean similarity to the drawn
/// impostors, minus two standard errors, but at least 0. Returns 0 if fewer than
/// min_subjects_for_shift subjects have samples. People who pass a camera usually have more in
/// common with the enrolled people than the drawn impostors have (same cameras, same light,
/// relatives). The similarities of real impostors are therefore expected to be higher by this
/// difference.
float measure_shift(const Snapshot& gallery, std::span<const Embedding> impostors) {
    constexpr std::size_t limit = 300;  // maximum number of subjects and of impostors to compare
    const auto templates = subject_templates(gallery, limit);
    if (templates.size() < min_subjects_for_shift) return 0;
    // One difference per subject: mean similarity to the other subjects, minus mean similarity to
    // the impostors.
    std::vector<float> differences;
    for (std::size_t i = 0; i < templates.size(); ++i) {
        std::vector<float> to_subjects;
        std::vector<float> to_impostors;
        for (std::size_t j = 0; j < templates.size(); ++j) {
            if (j != i) to_subjects.push_back(similarity(templates[i], templates[j]));
        }
        for (const auto& impostor : impostors.first(std::min(limit, impostors.size()))) {
            to_impostors.push_back(similarity(templates[i], impostor));
        }
        differences.push_back(static_cast<float>(mean_of(to_subjects) - mean_of(to_impostors)));
    }
    const double mean = mean_of(differences);
    double variance = 0;
    for (const float each : differences) variance += std::pow(double{each} - mean, 2);
    const auto count = static_cast<double>(differences.size());
    // Standard error of the mean. In a small gallery the subjects can be similar by chance.
    // Subtracting two standard errors leaves only the statistically significant part of the
    // difference.
    const double error = std::sqrt(variance / (count - 1) / count);
    return static_cast<float>(std::max(0.0, mean - 2 * error));
}

/// Returns the share of genuine similarities (of enrolled people to their own samples) that are
/// above the threshold. Assumes a normal distribution.
double share_above(double threshold, const Cohort::Genuine& genuine) {
    return 0.5 * std::erfc((threshold - genuine.mean) / (genuine.deviation * std::sqrt(2.0)));
}

/// Returns the distribution of genuine similarities that was measured with the numbers of samples
/// and probes closest to the given ones.
const Cohort::Genuine& closest_genuine(const Cohort& cohort, double samples, double probes) {
    return *std::ranges::min_element(cohort.genuine, {}, [&](const Cohort::Genuine& each) {
        return std::abs(static_cast<double>(each.samples) - samples) +
               std::abs(static_cast<double>(each.probes) - probes);
    });
}

/// Logistic function p(x) = 1 / (1 + exp(-(slope * x + offset))).
struct Logistic {
    double slope = 0;
    double offset = 0;
};

/// Fits the probability that a similarity is genuine, as a function of the similarity. Uses
/// logistic regression on the similarities of impostors and the distribution of genuine
/// similarities, with equal weight for both classes.
Logistic fit_logistic(const std::vector<float>& impostors, const Cohort::Genuine& genuine) {
    // Training data: pairs of similarity and class, where class 1 is genuine. The genuine class is
    // known only as a normal distribution. It is represented by evenly spaced quantiles instead of
    // random numbers. There are as many quantiles as impostors, which gives both classes the same
    // weight.
    std::vector<std::pair<double, double>> data;
    data.reserve(2 * impostors.size());
    for (const float value : impostors) data.emplace_back(value, 0);
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
    // Subtract the mean from all similarities. Slope and offset are then nearly independent, so
    // that Newton's method converges from fixed initial values.
    double centre = 0;
    for (const auto& [x, y] : data) centre += x;
    centre /= static_cast<double>(data.size());
    Logistic at{20, 0};  // as a function of x - centre
    // Ridge penalty for the slope. Without the penalty, the likelihood has no maximum if every
    // genuine similarity is above every impostor's similarity.
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

std::size_t impostors_needed(double fpir) {
    // The standard deviation of the number of impostors above the threshold is about the square
    // root of that number. For 50 impostors it is about 7, so the measured rate is typically off by
    // about 14%.
    constexpr double above = 50;
    constexpr double at_least = 2000;
    constexpr double at_most = 50'000;
    return static_cast<std::size_t>(std::clamp(above / fpir, at_least, at_most));
}

Result<Calibration> calibrate(const Snapshot& gallery, const Policy& base, const Cohort& cohort,
                              double fpir, std::size_t count, const std::function<void()>& step) {
    if (!(fpir >= min_fpir && fpir <= max_fpir)) {
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
        return fail(
            ErrorKind::refused,
            fmt::format("the cohort (impostor statistics) shipped with facebus is for model {}, "
                        "not {}; fit one for your model with `facebus evaluate FOLDER "
                        "--write-cohort models/cohort.json` and build facebus again",
                        cohort.model_id, gallery.model_id()));
    }
    Calibration out;
    out.policy = base;
    out.fpir = fpir;
    out.impostors = count;

    // Step 1: draw impostors. The template of each is fused from min_probes drawn embeddings,
    // because a track can become unknown once it has min_probes good faces. The fixed seed gives
    // the same calibration on every worker.
    const auto probes = static_cast<std::size_t>(std::max(base.min_probes, 1));
    const auto impostors = cohort.impostors(count, probes, seed);
    out.shift = measure_shift(gallery, impostors);

    // Step 2: match each impostor with the gallery. To obtain the similarity expected of a real
    // impostor, multiply the result by the measured factor `tail` and add `shift`.
    std::vector<float> best;  // expected similarity of each impostor to the best subject
    // The same values, but -1 for impostors that miss the margin, because these are never
    // identified, whatever the threshold.
    std::vector<float> identifiable;
    constexpr std::size_t group_size = 8;  // find_best() scans the gallery once per eight probes
    for (std::size_t first = 0; first < count; first += group_size) {
        const auto group =
            std::span(impostors).subspan(first, std::min(group_size, impostors.size() - first));
        for (const auto& match : gallery.match(group)) {
            const float expected =
                match.best->similarity * static_cast<float>(cohort.tail) + out.shift;
            best.push_back(expected);
            identifiable.push_back(clears_margin(match, base.margin) ? expected : -1);
            if (step) step();
        }
    }

    // Step 3: choose the threshold so that the share `fpir` of the impostors is above it. After
    // sorting in descending order, `allowed` impostors precede the one at the index `allowed`.
    std::ranges::sort(identifiable, std::greater{});
    const auto allowed = static_cast<std::size_t>(fpir * static_cast<double>(count));
    out.threshold = std::clamp(identifiable[std::min(allowed, count - 1)], 0.05F, 0.95F);
    // The policy stores the threshold for up to ten subjects. Subtract what effective_threshold()
    // adds for the present number of subjects. For this gallery, it then returns out.threshold.
    out.policy.threshold =
        out.threshold - (effective_threshold(base, gallery.subjects(), probes) - base.threshold);

    // Step 4: estimate the share of searches for enrolled people that reach the threshold. The
    // gallery contains no probes of its subjects, so use the distribution of genuine similarities
    // that the cohort contains for the closest numbers of samples per person and of probes.
    const auto samples_each = static_cast<double>(gallery.samples()) /
                              static_cast<double>(gallery.subjects_with_samples());
    const auto& genuine = closest_genuine(cohort, samples_each, static_cast<double>(probes));
    out.tpir = share_above(static_cast<double>(out.threshold), genuine);

    // Step 5: fit the probability. The probability is reported even for tracks that miss the
    // margin, so the fit includes the impostors that miss the margin.
    const auto logistic = fit_logistic(best, genuine);
    out.policy.slope = logistic.slope;
    // The fit holds for the present number of subjects. decide() subtracts ln(subjects), so add
    // ln(subjects) here. The two terms cancel out until the number of subjects changes.
    out.policy.offset = logistic.offset + std::log(static_cast<double>(gallery.subjects()));
    return out;
}

Result<Calibration> calibrate_quickly(const Snapshot& gallery, const CalibrationOptions& options) {
    // Maximum number of similarities to compute (impostors times samples). It is exceeded only
    // above 50,000 samples, because at least 200 impostors are drawn.
    constexpr std::size_t comparisons = 10'000'000;
    const auto samples = std::max<std::size_t>(gallery.samples(), 1);
    return calibrate(gallery, options.base, shipped_cohort(), options.fpir,
                     std::clamp<std::size_t>(comparisons / samples, 200, 2000));
}

LeaveOneOut leave_one_out(const Snapshot& gallery, const Policy& policy) {
    constexpr std::size_t limit = 500;
    const auto threshold = effective_threshold(policy, gallery.subjects(),
                                               static_cast<std::size_t>(policy.min_probes));
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
        if (right && clears_margin(match, policy.margin) && match.best->similarity >= threshold) {
            ++out.identified;
        }
    }
    return out;
}

}  // namespace facebus::gallery
