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

/// The mean of each subject's samples, as a unit vector, of the first `most` subjects.
std::vector<Embedding> templates_of(const Snapshot& gallery, std::size_t most) {
    std::vector<Embedding> templates;
    std::string last;
    for (std::size_t row = 0; row < gallery.samples(); ++row) {
        auto id = gallery.subject_id(row);
        if (id != last) {
            if (templates.size() == most) break;
            templates.emplace_back();
            last = std::move(id);
        }
        const auto embedding = gallery.embedding(row);
        for (std::size_t k = 0; k < embedding_size; ++k) templates.back()[k] += embedding[k];
    }
    for (auto& each : templates) normalise(each);
    return templates;
}

/// How much more the subjects are like each other than strangers are like them, as far as so many
/// subjects can show it: two standard errors are taken off.
float shift_of(const Snapshot& gallery, std::span<const Embedding> strangers) {
    constexpr std::size_t most = 300;  // of each: 90,000 pairs tell the mean well enough
    const auto templates = templates_of(gallery, most);
    if (templates.size() < subjects_for_shift) return 0;
    std::vector<float> differences;  // of each subject, from the others and from strangers
    for (std::size_t i = 0; i < templates.size(); ++i) {
        std::vector<float> own;
        std::vector<float> others;
        for (std::size_t j = 0; j < templates.size(); ++j) {
            if (j != i) own.push_back(similarity(templates[i], templates[j]));
        }
        for (const auto& stranger : strangers.first(std::min(most, strangers.size()))) {
            others.push_back(similarity(templates[i], stranger));
        }
        differences.push_back(static_cast<float>(mean_of(own) - mean_of(others)));
    }
    const double mean = mean_of(differences);
    double variance = 0;
    for (const float each : differences) variance += std::pow(double{each} - mean, 2);
    const auto count = static_cast<double>(differences.size());
    const double error = std::sqrt(variance / (count - 1) / count);
    return static_cast<float>(std::max(0.0, mean - 2 * error));
}

/// The share of normally distributed values above the threshold.
double share_above(double threshold, const Cohort::Genuine& genuine) {
    return 0.5 * std::erfc((threshold - genuine.mean) / (genuine.deviation * std::sqrt(2.0)));
}

/// The measurement whose numbers of samples and probes are nearest.
const Cohort::Genuine& nearest(const Cohort& cohort, double samples, double probes) {
    return *std::ranges::min_element(cohort.genuine, {}, [&](const Cohort::Genuine& each) {
        return std::abs(static_cast<double>(each.samples) - samples) +
               std::abs(static_cast<double>(each.probes) - probes);
    });
}

struct Logistic {
    double slope = 0;
    double offset = 0;
};

/// Logistic regression of `is genuine` on the similarity, both kinds with the same weight, by
/// Newton's method.
Logistic fit(const std::vector<float>& strangers, const Cohort::Genuine& genuine) {
    // The normal distribution as its quantiles, as many as there are strangers' values.
    std::vector<std::pair<double, double>> data;
    data.reserve(2 * strangers.size());
    for (const float value : strangers) data.emplace_back(value, 0);
    for (std::size_t i = 0; i < strangers.size(); ++i) {
        const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(strangers.size());
        // Bisection on the error function: a quantile is wanted once, not fast.
        double low = -6;
        double high = 6;
        for (int step = 0; step < 40; ++step) {
            const double middle = (low + high) / 2;
            (0.5 * std::erfc(-middle / std::sqrt(2.0)) < share ? low : high) = middle;
        }
        data.emplace_back(genuine.mean + genuine.deviation * low, 1);
    }
    double centre = 0;
    for (const auto& [x, y] : data) centre += x;
    centre /= static_cast<double>(data.size());
    Logistic at{20, 0};  // of x - centre
    constexpr double ridge = 1e-3;
    for (int step = 0; step < 50; ++step) {
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
        const double step0 = (g0 * h11 - g1 * h01) / determinant;
        const double step1 = (g1 * h00 - g0 * h01) / determinant;
        at.slope = std::clamp(at.slope + step0, 5.0, 80.0);
        at.offset += std::clamp(step1, -5.0, 5.0);
    }
    return {at.slope, at.offset - at.slope * centre};
}

}  // namespace

std::size_t impostors_for(double fpir) {
    constexpr double above = 50;
    constexpr double fewest = 2000;
    constexpr double most = 50'000;
    return static_cast<std::size_t>(std::clamp(above / fpir, fewest, most));
}

Result<Calibration> calibrate(const Snapshot& gallery, const Policy& base, const Cohort& cohort,
                              double fpir, std::size_t count, const std::function<void()>& step) {
    if (!(fpir >= min_fpir && fpir <= max_fpir)) {
        return fail(ErrorKind::refused,
                    fmt::format("the FPIR must be between {} and {}", min_fpir, max_fpir));
    }
    if (gallery.samples() == 0)
        return fail(ErrorKind::refused, "the gallery has no samples; enrol somebody first");
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
    const auto probes = static_cast<std::size_t>(std::max(base.min_probes, 1));
    const auto strangers = cohort.impostors(count, probes, seed);
    out.shift = shift_of(gallery, strangers);

    std::vector<float> best;   // what each stranger reaches
    std::vector<float> named;  // the same, or nothing where the lead is too small
    constexpr std::size_t at_once = 8;
    for (std::size_t first = 0; first < count; first += at_once) {
        const auto group =
            std::span(strangers).subspan(first, std::min(at_once, strangers.size() - first));
        for (const auto& match : gallery.match(group)) {
            const float reached =
                match.best->similarity * static_cast<float>(cohort.tail) + out.shift;
            best.push_back(reached);
            named.push_back(clears_margin(match, base.margin) ? reached : -1);
            if (step) step();
        }
    }
    std::ranges::sort(named, std::greater{});
    const auto allowed = static_cast<std::size_t>(fpir * static_cast<double>(count));
    out.threshold = std::clamp(named[std::min(allowed, count - 1)], 0.05F, 0.95F);
    out.policy.threshold =
        out.threshold - (effective_threshold(base, gallery.subjects(), probes) - base.threshold);

    const auto each = static_cast<double>(gallery.samples()) /
                      static_cast<double>(gallery.subjects_with_samples());
    const auto& genuine = nearest(cohort, each, static_cast<double>(probes));
    out.tpir = share_above(static_cast<double>(out.threshold), genuine);
    const auto logistic = fit(best, genuine);
    out.policy.slope = logistic.slope;
    // Policy takes ln(subjects) off by itself.
    out.policy.offset = logistic.offset + std::log(static_cast<double>(gallery.subjects()));
    return out;
}

Result<Calibration> calibrate_in_time(const Snapshot& gallery, const CalibrationOptions& options) {
    constexpr std::size_t comparisons = 10'000'000;
    const auto samples = std::max<std::size_t>(gallery.samples(), 1);
    return calibrate(gallery, options.base, shipped_cohort(), options.fpir,
                     std::clamp<std::size_t>(comparisons / samples, 200, 2000));
}

LeaveOneOut leave_one_out(const Snapshot& gallery, const Policy& policy) {
    constexpr std::size_t most = 500;
    const auto threshold = effective_threshold(policy, gallery.subjects(),
                                               static_cast<std::size_t>(policy.min_probes));
    LeaveOneOut out;
    for (std::size_t row = 0; row < gallery.samples() && out.tried < most; ++row) {
        const auto subject = gallery.subject_id(row);
        const auto beside = [&](std::size_t other) {
            return other < gallery.samples() && gallery.subject_id(other) == subject;
        };
        if (!beside(row + 1) && (row == 0 || !beside(row - 1))) continue;
        const auto match = gallery.match_without(gallery.embedding(row), row);
        ++out.tried;
        const bool right = match.best->subject_id == subject;
        if (right && clears_margin(match, policy.margin) && match.best->similarity >= threshold) {
            ++out.named;
        }
    }
    return out;
}

}  // namespace facebus::gallery
