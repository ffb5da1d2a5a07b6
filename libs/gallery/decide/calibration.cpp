#include "gallery/decide/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include <fmt/format.h>

namespace facebus::gallery {
namespace {

constexpr std::uint64_t seed = 20260101;

double mean_of(const std::vector<float>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) /
           static_cast<double>(std::max<std::size_t>(values.size(), 1));
}

/// Returns the mean of the samples of each subject as a unit vector, for the first `limit`
/// subjects.
std::vector<Embedding> templates_of(const Snapshot& gallery, std::size_t limit) {
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

/// Returns by how much the subjects resemble each other more than impostors resemble them, minus
/// two standard errors. The people who pass a camera are usually of the same kind as those enrolled
/// (same cameras, same light, relatives), so real impostors will be that much more similar than the
/// drawn ones.
float shift_of(const Snapshot& gallery, std::span<const Embedding> impostors) {
    constexpr std::size_t limit = 300;  // 90,000 pairs are enough for a mean
    const auto templates = templates_of(gallery, limit);
    if (templates.size() < min_subjects_for_shift) return 0;
    // One difference per subject: its mean similarity to the other subjects, minus that to the
    // impostors.
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
    // Standard error of the mean. A few subjects can be similar by chance; subtracting two standard
    // errors leaves only the part that the sample supports, often nothing.
    const double error = std::sqrt(variance / (count - 1) / count);
    return static_cast<float>(std::max(0.0, mean - 2 * error));
}

/// Returns the share of genuine similarities above the threshold.
double share_above(double threshold, const Cohort::Genuine& genuine) {
    return 0.5 * std::erfc((threshold - genuine.mean) / (genuine.deviation * std::sqrt(2.0)));
}

/// Returns the measured distribution with the nearest numbers of samples and probes.
const Cohort::Genuine& nearest(const Cohort& cohort, double samples, double probes) {
    return *std::ranges::min_element(cohort.genuine, {}, [&](const Cohort::Genuine& each) {
        return std::abs(static_cast<double>(each.samples) - samples) +
               std::abs(static_cast<double>(each.probes) - probes);
    });
}

/// p(x) = 1 / (1 + exp(-(slope * x + offset))).
struct Logistic {
    double slope = 0;
    double offset = 0;
};

/// Fits the probability that a similarity is genuine, given the similarities of impostors and the
/// distribution of genuine ones: logistic regression with equal weight for both classes.
Logistic fit(const std::vector<float>& impostors, const Cohort::Genuine& genuine) {
    // Training data: (similarity, class), where the class is 1 for genuine. The genuine class is
    // known only as a normal distribution. Its quantiles at evenly spaced shares represent it
    // without random numbers; as many of them as impostors give both classes the same weight.
    std::vector<std::pair<double, double>> data;
    data.reserve(2 * impostors.size());
    for (const float value : impostors) data.emplace_back(value, 0);
    for (std::size_t i = 0; i < impostors.size(); ++i) {
        const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(impostors.size());
        // The standard normal quantile, by bisection of the distribution function: slow but short.
        double low = -6;
        double high = 6;
        for (int step = 0; step < 40; ++step) {
            const double middle = (low + high) / 2;
            (0.5 * std::erfc(-middle / std::sqrt(2.0)) < share ? low : high) = middle;
        }
        data.emplace_back(genuine.mean + genuine.deviation * low, 1);
    }
    // Centred similarities make slope and offset nearly independent, so that Newton's method
    // converges from a fixed start.
    double centre = 0;
    for (const auto& [x, y] : data) centre += x;
    centre /= static_cast<double>(data.size());
    Logistic at{20, 0};  // as a function of x - centre
    // Without a penalty the slope would diverge if no impostor is as similar as a genuine probe.
    constexpr double ridge = 1e-3;
    for (int step = 0; step < 50; ++step) {
        // Gradient g and negative Hessian h of the penalised log-likelihood; index 0 is the slope,
        // index 1 the offset.
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
        // Newton step: solve h * step = g. Bounded, because far from the optimum the quadratic
        // approximation overshoots.
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
    // The number of impostors above the threshold scatters by its square root: with 50 of them the
    // measured rate is within about 14 %.
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
    if (gallery.samples() == 0) {
        return fail(ErrorKind::refused, "the gallery has no samples; enrol somebody first");
    }
    if (gallery.model_id() != cohort.model_id) {
        return fail(
            ErrorKind::refused,
            fmt::format("the impostor statistics shipped with facebus are for model {}, not {}",
                        cohort.model_id, gallery.model_id()));
    }
    Calibration out;
    out.policy = base;
    out.fpir = fpir;
    out.impostors = count;

    // Step 1: draw impostors, each fused from as many images as a track has when it is decided. A
    // fixed seed makes the calibration reproducible on every worker.
    const auto probes = static_cast<std::size_t>(std::max(base.min_probes, 1));
    const auto impostors = cohort.impostors(count, probes, seed);
    out.shift = shift_of(gallery, impostors);

    // Step 2: match each impostor with the gallery. Real impostors are more similar than drawn ones
    // by the factor `tail`, and by `shift` if the subjects resemble each other. Only impostors that
    // clear the margin can be named; -1 stands for the others.
    std::vector<float> best;               // similarity to the best subject
    std::vector<float> named;              // the same, or -1
    constexpr std::size_t group_size = 8;  // find_best() scans the gallery once per eight probes
    for (std::size_t first = 0; first < count; first += group_size) {
        const auto group =
            std::span(impostors).subspan(first, std::min(group_size, impostors.size() - first));
        for (const auto& match : gallery.match(group)) {
            const float reached =
                match.best->similarity * static_cast<float>(cohort.tail) + out.shift;
            best.push_back(reached);
            named.push_back(clears_margin(match, base.margin) ? reached : -1);
            if (step) step();
        }
    }

    // Step 3: the threshold is a quantile of those similarities. Sorted from the highest, the entry
    // at index `allowed` has `allowed` impostors above it, which is the share `fpir` of all.
    std::ranges::sort(named, std::greater{});
    const auto allowed = static_cast<std::size_t>(fpir * static_cast<double>(count));
    out.threshold = std::clamp(named[std::min(allowed, count - 1)], 0.05F, 0.95F);
    // The policy stores the threshold for ten subjects. Subtract what effective_threshold() adds
    // for a gallery of this size, so that it returns out.threshold now and grows with the gallery.
    out.policy.threshold =
        out.threshold - (effective_threshold(base, gallery.subjects(), probes) - base.threshold);

    // Step 4: estimate the share of enrolled people who reach the threshold. The gallery has no
    // genuine probes, so use the measurement for about as many samples per subject.
    const auto samples_each = static_cast<double>(gallery.samples()) /
                              static_cast<double>(gallery.subjects_with_samples());
    const auto& genuine = nearest(cohort, samples_each, static_cast<double>(probes));
    out.tpir = share_above(static_cast<double>(out.threshold), genuine);

    // Step 5: fit the probability. It is reported for every best subject, whether or not the margin
    // is met, so impostors that miss the margin take part.
    const auto logistic = fit(best, genuine);
    out.policy.slope = logistic.slope;
    // The fit is right for this number of subjects. The decision subtracts ln(subjects), so add it
    // here; the difference takes effect once the gallery has changed in size.
    out.policy.offset = logistic.offset + std::log(static_cast<double>(gallery.subjects()));
    return out;
}

Result<Calibration> calibrate_quickly(const Snapshot& gallery, const CalibrationOptions& options) {
    constexpr std::size_t comparisons = 10'000'000;  // about a second
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
        // Rows of a subject are consecutive, so another sample of it is a neighbour of this row.
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
