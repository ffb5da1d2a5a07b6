#include "cli/evaluation/fit_cohort.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "base/random.hpp"
#include "cli/counted.hpp"
#include "gallery/decide/decision.hpp"

namespace facebus::cli {
namespace {

constexpr std::size_t max_columns = 96;  // per covariance; see decompose()
constexpr double compared_fpir = 0.01;   // FPIR at which real and drawn impostors are compared
constexpr std::size_t trials = 20;       // random splits of the people or images per measurement
constexpr std::size_t min_people = 100;
constexpr std::size_t min_measured_people = 20;  // with enough images for a measurement

/// A square matrix with embedding_size rows, initially zero.
class Matrix {
  public:
    double& at(std::size_t row, std::size_t column) {
        return values_[row * embedding_size + column];
    }

    /// Adds weight * vector * vector^T.
    void add_outer(const std::array<double, embedding_size>& vector, double weight) {
        for (std::size_t i = 0; i < embedding_size; ++i) {
            for (std::size_t j = 0; j < embedding_size; ++j) {
                at(i, j) += weight * vector[i] * vector[j];
            }
        }
    }

    /// Subtracts weight * other.
    void subtract(const Matrix& other, double weight) {
        for (std::size_t i = 0; i < values_.size(); ++i) values_[i] -= weight * other.values_[i];
    }

  private:
    std::vector<double> values_ = std::vector<double>(embedding_size * embedding_size);
};

/// Approximates a covariance as C * C^T + rest * I. C has up to `max_columns` columns. `rest` is an
/// additional variance, which is the same for every component. Uses the pivoted Cholesky
/// decomposition: each column is computed for the component with the largest remaining variance.
gallery::Cohort::Covariance decompose(Matrix matrix) {
    gallery::Cohort::Covariance out;
    // The variance that the columns computed so far do not explain: the diagonal of the matrix
    // minus the diagonal of C * C^T.
    std::array<double, embedding_size> remaining{};
    for (std::size_t i = 0; i < embedding_size; ++i) remaining[i] = matrix.at(i, i);
    std::vector<std::array<double, embedding_size>> factors;
    while (factors.size() < max_columns) {
        const auto pivot =
            static_cast<std::size_t>(std::ranges::max_element(remaining) - remaining.begin());
        if (remaining[pivot] <= 1e-9) break;
        std::array<double, embedding_size> column{};
        const double root = std::sqrt(remaining[pivot]);
        for (std::size_t i = 0; i < embedding_size; ++i) {
            double value = matrix.at(i, pivot);
            for (const auto& earlier : factors) value -= earlier[i] * earlier[pivot];
            column[i] = value / root;
        }
        for (std::size_t i = 0; i < embedding_size; ++i) remaining[i] -= column[i] * column[i];
        factors.push_back(column);
    }
    for (const auto& column : factors) {
        auto& target = out.columns.emplace_back();
        std::ranges::transform(column, target.begin(),
                               [](double value) { return static_cast<float>(value); });
    }
    // A remaining variance can be negative, either because of rounding or because `matrix` is a
    // difference of estimates.
    double sum = 0;
    for (const double value : remaining) sum += std::max(value, 0.0);
    out.rest = static_cast<float>(sum / embedding_size);
    return out;
}

std::array<double, embedding_size> difference(const Embedding& a,
                                              const std::array<double, embedding_size>& b) {
    std::array<double, embedding_size> out{};
    for (std::size_t i = 0; i < embedding_size; ++i) out[i] = double{a[i]} - b[i];
    return out;
}

/// Returns the unweighted mean of the person's embeddings.
std::array<double, embedding_size> plain_mean(const Person& person) {
    std::array<double, embedding_size> mean{};
    for (const auto* image : person) {
        for (std::size_t i = 0; i < embedding_size; ++i) {
            mean[i] += double{image->embedding[i]} / static_cast<double>(person.size());
        }
    }
    return mean;
}

/// Sets the statistics of `cohort`: the numbers of people and images, the mean of the people's
/// means (`mean`), the covariance of a person's images around the mean of that person (`within`),
/// and the covariance of the people's true means (`between`).
void fit_moments(const std::vector<Person>& people, gallery::Cohort& cohort) {
    const auto count = static_cast<double>(people.size());
    std::vector<std::array<double, embedding_size>> means;
    std::array<double, embedding_size> mean{};
    Matrix within;
    double degrees_of_freedom = 0;
    double inverse_sizes = 0;
    for (const auto& person : people) {
        means.push_back(plain_mean(person));
        inverse_sizes += 1 / static_cast<double>(person.size()) / count;
        for (std::size_t i = 0; i < embedding_size; ++i) mean[i] += means.back()[i] / count;
        cohort.images += person.size();
        if (person.size() < 2) continue;
        degrees_of_freedom += static_cast<double>(person.size() - 1);
        for (const auto* image : person) {
            within.add_outer(difference(image->embedding, means.back()), 1);
        }
    }
    cohort.people = people.size();
    // Pooled estimate: the squared deviations of all people divided by the degrees of freedom.
    Matrix scaled;
    scaled.subtract(within, -1 / degrees_of_freedom);
    Matrix between;
    for (auto each : means) {
        for (std::size_t i = 0; i < embedding_size; ++i) each[i] -= mean[i];
        between.add_outer(each, 1 / (count - 1));
    }
    // The mean of n images varies around the person's true mean by within / n. On average that adds
    // within * inverse_sizes to the covariance of the means, so subtract it.
    between.subtract(scaled, inverse_sizes);
    std::ranges::transform(mean, cohort.mean.begin(),
                           [](double value) { return static_cast<float>(value); });
    cohort.within = decompose(std::move(scaled));
    cohort.between = decompose(std::move(between));
}

/// Returns the value that is exceeded by the share `from_top` of the values. Requires: `values` is
/// not empty, and `from_top` is less than 1.
float quantile(std::vector<float> values, double from_top) {
    std::ranges::sort(values, std::greater{});
    return values[static_cast<std::size_t>(from_top * static_cast<double>(values.size()))];
}

/// Returns the similarity of each probe to its best subject.
std::vector<float> best_similarities(const gallery::Snapshot& gallery,
                                     const std::vector<Embedding>& probes) {
    std::vector<float> best;
    best.reserve(probes.size());
    for (const auto& probe : probes) best.push_back(gallery.match(probe).best->similarity);
    return best;
}

Embedding fused(const Person& person, std::size_t first, std::size_t count) {
    return gallery::fuse(probes_of(person, first, count));
}

/// Compares real impostors with impostors drawn from `cohort`. Returns the threshold at which the
/// real impostors have the FPIR `compared_fpir`, divided by the threshold at which the drawn
/// impostors have the same FPIR. The gallery and the real impostors are from `people`. Requires:
/// `cohort` was fitted to other people.
double tail_ratio(const gallery::Cohort& cohort, const std::vector<Person>& people,
                  std::size_t samples, std::size_t probes) {
    auto enough = with_faces(people, std::max(samples, probes));
    std::vector<float> real;
    std::vector<float> drawn;
    for (std::size_t trial = 0; trial < trials; ++trial) {
        Random random(trial + 1);
        random.shuffle(enough);
        for (auto& person : enough) random.shuffle(person);
        const auto middle = enough.begin() + static_cast<std::ptrdiff_t>(enough.size() / 2);
        const auto gallery = enrol({enough.begin(), middle}, samples, "");
        std::vector<Embedding> impostors;
        for (auto person = middle; person != enough.end(); ++person) {
            impostors.push_back(fused(*person, 0, probes));
        }
        std::ranges::copy(best_similarities(gallery, impostors), std::back_inserter(real));
        std::ranges::copy(best_similarities(gallery, cohort.impostors(500, probes, trial + 1)),
                          std::back_inserter(drawn));
    }
    return double{quantile(std::move(real), compared_fpir)} /
           double{quantile(std::move(drawn), compared_fpir)};
}

/// Returns the mean and the standard deviation of the similarity between a person's template and
/// `samples` samples of the same person. The template is fused from `probes` other images of the
/// person.
gallery::Cohort::Genuine genuine_of(std::vector<Person> people, std::size_t samples,
                                    std::size_t probes) {
    std::vector<double> scores;
    for (std::size_t trial = 0; trial < trials; ++trial) {
        Random random(trial + 1);
        for (auto& person : people) {
            random.shuffle(person);
            const auto match = enrol({person}, samples, "").match(fused(person, samples, probes));
            scores.push_back(double{match.best->similarity});
        }
    }
    double mean = 0;
    for (const double score : scores) mean += score / static_cast<double>(scores.size());
    double variance = 0;
    for (const double score : scores) {
        variance += std::pow(score - mean, 2) / static_cast<double>(scores.size());
    }
    return {samples, probes, mean, std::sqrt(variance)};
}

/// Splits the people at random into two halves with about the same numbers of images.
std::array<std::vector<Person>, 2> halves_of(std::vector<Person> people) {
    Random random(1);
    random.shuffle(people);
    // Sort by number of images and assign the people to the halves in turn, so that both halves get
    // people with many images.
    std::ranges::stable_sort(people, std::greater{}, &Person::size);
    std::array<std::vector<Person>, 2> halves;
    for (std::size_t i = 0; i < people.size(); ++i) halves[i % 2].push_back(people[i]);
    return halves;
}

}  // namespace

Result<gallery::Cohort> fit_cohort(const std::vector<Person>& people, const std::string& model_id) {
    const auto with_four = with_faces(people, 4).size();
    if (people.size() < min_people || with_four < min_measured_people) {
        return fail(
            ErrorKind::refused,
            fmt::format("a cohort requires {} people, {} of them with at least four images; "
                        "this folder has {}, {} of them with at least four images",
                        min_people, min_measured_people, counted(people.size(), "person", "people"),
                        with_four));
    }
    gallery::Cohort cohort;
    cohort.model_id = model_id;
    fit_moments(people, cohort);
    for (const std::size_t samples : {1U, 2U, 3U}) {
        for (const std::size_t probes : {1U, 2U, 3U}) {
            auto enough = with_faces(people, samples + probes);
            if (enough.size() < min_measured_people) continue;
            cohort.genuine.push_back(genuine_of(std::move(enough), samples, probes));
        }
    }
    // `tail` is the mean of four ratios. Each half of the people provides statistics, which are
    // compared with the real people of the other half: once with 1 sample and 1 probe, and once
    // with 3 samples and 3 probes.
    const auto halves = halves_of(people);
    double sum = 0;
    for (const std::size_t fitted : {0U, 1U}) {
        gallery::Cohort half;
        fit_moments(halves[fitted], half);
        sum +=
            tail_ratio(half, halves[1 - fitted], 1, 1) + tail_ratio(half, halves[1 - fitted], 3, 3);
    }
    cohort.tail = sum / 4;
    return cohort;
}

}  // namespace facebus::cli
