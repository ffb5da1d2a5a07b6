#include "cli/evaluation/fit_cohort.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "base/random.hpp"
#include "gallery/decide/decision.hpp"

namespace facebus::cli {
namespace {

constexpr std::size_t columns = 96;
constexpr double rate = 0.01;  // at which real and drawn strangers are compared
constexpr std::size_t trials = 20;
constexpr std::size_t fewest_people = 100;
constexpr std::size_t fewest_of_a_kind = 20;  // people with enough pictures to measure something

/// A symmetric matrix of embedding_size rows.
class Matrix {
  public:
    double& at(std::size_t row, std::size_t column) {
        return values_[row * embedding_size + column];
    }

    void add_outer(const std::array<double, embedding_size>& vector, double weight) {
        for (std::size_t i = 0; i < embedding_size; ++i) {
            for (std::size_t j = 0; j < embedding_size; ++j) {
                at(i, j) += weight * vector[i] * vector[j];
            }
        }
    }

    void subtract(const Matrix& other, double weight) {
        for (std::size_t i = 0; i < values_.size(); ++i) values_[i] -= weight * other.values_[i];
    }

  private:
    std::vector<double> values_ = std::vector<double>(embedding_size * embedding_size);
};

/// The largest part of a covariance as columns, by Cholesky's decomposition with pivoting; what is
/// left becomes `rest`, spread over all directions.
gallery::Cohort::Covariance decompose(Matrix matrix) {
    gallery::Cohort::Covariance out;
    std::array<double, embedding_size> left{};
    for (std::size_t i = 0; i < embedding_size; ++i) left[i] = matrix.at(i, i);
    std::vector<std::array<double, embedding_size>> done;
    while (done.size() < columns) {
        const auto pivot = static_cast<std::size_t>(std::ranges::max_element(left) - left.begin());
        if (left[pivot] <= 1e-9) break;
        std::array<double, embedding_size> column{};
        const double root = std::sqrt(left[pivot]);
        for (std::size_t i = 0; i < embedding_size; ++i) {
            double value = matrix.at(i, pivot);
            for (const auto& earlier : done) value -= earlier[i] * earlier[pivot];
            column[i] = value / root;
        }
        for (std::size_t i = 0; i < embedding_size; ++i) left[i] -= column[i] * column[i];
        done.push_back(column);
    }
    for (const auto& column : done) {
        auto& target = out.columns.emplace_back();
        std::ranges::transform(column, target.begin(),
                               [](double value) { return static_cast<float>(value); });
    }
    double sum = 0;
    for (const double value : left) sum += std::max(value, 0.0);
    out.rest = static_cast<float>(sum / embedding_size);
    return out;
}

std::array<double, embedding_size> difference(const Embedding& a,
                                              const std::array<double, embedding_size>& b) {
    std::array<double, embedding_size> out{};
    for (std::size_t i = 0; i < embedding_size; ++i) out[i] = double{a[i]} - b[i];
    return out;
}

std::array<double, embedding_size> plain_mean(const Person& person) {
    std::array<double, embedding_size> mean{};
    for (const auto* picture : person) {
        for (std::size_t i = 0; i < embedding_size; ++i) {
            mean[i] += double{picture->embedding[i]} / static_cast<double>(person.size());
        }
    }
    return mean;
}

void fit_moments(const std::vector<Person>& people, gallery::Cohort& cohort) {
    const auto count = static_cast<double>(people.size());
    std::vector<std::array<double, embedding_size>> means;
    std::array<double, embedding_size> mean{};
    Matrix within;
    double freedom = 0;
    double inverse_sizes = 0;
    for (const auto& person : people) {
        means.push_back(plain_mean(person));
        inverse_sizes += 1 / static_cast<double>(person.size()) / count;
        for (std::size_t i = 0; i < embedding_size; ++i) mean[i] += means.back()[i] / count;
        cohort.images += person.size();
        if (person.size() < 2) continue;
        freedom += static_cast<double>(person.size() - 1);
        for (const auto* picture : person) {
            within.add_outer(difference(picture->embedding, means.back()), 1);
        }
    }
    cohort.people = people.size();
    Matrix scaled;
    scaled.subtract(within, -1 / freedom);
    Matrix between;
    for (auto each : means) {
        for (std::size_t i = 0; i < embedding_size; ++i) each[i] -= mean[i];
        between.add_outer(each, 1 / (count - 1));
    }
    // A mean of few pictures varies also because the pictures do.
    between.subtract(scaled, inverse_sizes);
    std::ranges::transform(mean, cohort.mean.begin(),
                           [](double value) { return static_cast<float>(value); });
    cohort.within = decompose(std::move(scaled));
    cohort.between = decompose(std::move(between));
}

float quantile(std::vector<float> values, double from_top) {
    std::ranges::sort(values, std::greater{});
    return values[static_cast<std::size_t>(from_top * static_cast<double>(values.size()))];
}

std::vector<float> best_of(const gallery::Snapshot& gallery, const std::vector<Embedding>& probes) {
    std::vector<float> best;
    best.reserve(probes.size());
    for (const auto& probe : probes) best.push_back(gallery.match(probe).best->similarity);
    return best;
}

Embedding fused(const Person& person, std::size_t first, std::size_t count) {
    return gallery::fuse(probes_of(person, first, count));
}

/// How much nearer real strangers come to galleries than those drawn from `cohort`, which knows
/// none of the people.
double tail_of(const gallery::Cohort& cohort, const std::vector<Person>& people,
               std::size_t samples, std::size_t probes) {
    auto enough = with_pictures(people, std::max(samples, probes));
    std::vector<float> real;
    std::vector<float> drawn;
    for (std::size_t trial = 0; trial < trials; ++trial) {
        Random random(trial + 1);
        random.shuffle(enough);
        for (auto& person : enough) random.shuffle(person);
        const auto middle = enough.begin() + static_cast<std::ptrdiff_t>(enough.size() / 2);
        const auto gallery = enrol({enough.begin(), middle}, samples, "");
        std::vector<Embedding> strangers;
        for (auto person = middle; person != enough.end(); ++person) {
            strangers.push_back(fused(*person, 0, probes));
        }
        std::ranges::copy(best_of(gallery, strangers), std::back_inserter(real));
        std::ranges::copy(best_of(gallery, cohort.impostors(500, probes, trial + 1)),
                          std::back_inserter(drawn));
    }
    return double{quantile(std::move(real), rate)} / double{quantile(std::move(drawn), rate)};
}

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

/// Two random halves, each with as many people of many pictures as the other.
std::array<std::vector<Person>, 2> halves_of(std::vector<Person> people) {
    Random random(1);
    random.shuffle(people);
    std::ranges::stable_sort(people, std::greater{}, &Person::size);
    std::array<std::vector<Person>, 2> halves;
    for (std::size_t i = 0; i < people.size(); ++i) halves[i % 2].push_back(people[i]);
    return halves;
}

}  // namespace

Result<gallery::Cohort> fit_cohort(const std::vector<Person>& people, const std::string& model_id) {
    const auto with_four = with_pictures(people, 4).size();
    if (people.size() < fewest_people || with_four < fewest_of_a_kind) {
        return fail(ErrorKind::refused,
                    fmt::format("a cohort takes {} people, {} of them with four pictures; here are "
                                "{} and {}",
                                fewest_people, fewest_of_a_kind, people.size(), with_four));
    }
    gallery::Cohort cohort;
    cohort.model_id = model_id;
    fit_moments(people, cohort);
    for (const std::size_t samples : {1U, 2U, 3U}) {
        for (const std::size_t probes : {1U, 2U, 3U}) {
            auto enough = with_pictures(people, samples + probes);
            if (enough.size() < fewest_of_a_kind) continue;
            cohort.genuine.push_back(genuine_of(std::move(enough), samples, probes));
        }
    }
    const auto halves = halves_of(people);
    double sum = 0;
    for (const std::size_t known : {0U, 1U}) {
        gallery::Cohort half;
        fit_moments(halves[known], half);
        sum += tail_of(half, halves[1 - known], 1, 1) + tail_of(half, halves[1 - known], 3, 3);
    }
    cohort.tail = sum / 4;
    return cohort;
}

}  // namespace facebus::cli
