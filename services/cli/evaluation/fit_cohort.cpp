#include "cli/evaluation/fit_cohort.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "base/random.hpp"
#include "cli/counted.hpp"
#include "cli/evaluation/scores.hpp"
#include "gallery/decide/fusion.hpp"
#include "gallery/match/matcher.hpp"

namespace facebus::cli {
namespace {

constexpr std::size_t min_people = 100;
constexpr std::size_t min_measured_people = 20;  // with enough images for a measurement
constexpr std::size_t max_count = 5;             // largest number of samples and of probes
constexpr std::size_t templates_each = 4;        // templates per person with two or more images
constexpr std::size_t genuine_trials = 4;        // random choices of samples and probes
// The share of the vectors whose similarities are averaged is 1 / nearest_share.
constexpr std::size_t nearest_share = 40;
constexpr std::size_t nobody = static_cast<std::size_t>(-1);

void add(Embedding& sum, const Embedding& vector, float factor) {
    for (std::size_t i = 0; i < embedding_size; ++i) sum[i] += factor * vector[i];
}

/// Mean of all people, and the direction of each person from there.
struct Directions {
    Embedding mean{};
    std::vector<Embedding> people;  ///< unit vectors
};

Embedding centred(const Embedding& embedding, const Embedding& mean) {
    Embedding out = embedding;
    add(out, mean, -1);
    normalise(out);
    return out;
}

Directions directions_of(const std::vector<Person>& people) {
    Directions out;
    for (const auto& person : people) {
        const auto weight = 1 / static_cast<float>(person.size() * people.size());
        for (const auto* image : person) add(out.mean, image->embedding, weight);
    }
    for (const auto& person : people) {
        auto& direction = out.people.emplace_back();
        for (const auto* image : person) add(direction, centred(image->embedding, out.mean), 1);
        normalise(direction);
    }
    return out;
}

/// Groups each person with the most similar person who is still free, the most similar people
/// first. Returns the group of each person.
std::vector<std::size_t> pair_up(const std::vector<Embedding>& people) {
    struct Neighbour {
        std::size_t person = 0;
        float similarity = -2;
    };
    const auto count = people.size();
    std::vector<float> similarities(count * count, -2);
    std::vector<Neighbour> nearest;
    for (std::size_t i = 0; i < count; ++i) {
        nearest.push_back({i, -2});
        for (std::size_t k = 0; k < count; ++k) {
            if (k == i) continue;
            const float value =
                k < i ? similarities[k * count + i] : similarity(people[i], people[k]);
            similarities[i * count + k] = value;
            nearest.back().similarity = std::max(nearest.back().similarity, value);
        }
    }
    std::ranges::stable_sort(nearest, std::greater{}, &Neighbour::similarity);
    std::vector<std::size_t> groups(count, nobody);
    std::size_t next = 0;
    for (const auto& [i, unused] : nearest) {
        if (groups[i] != nobody) continue;
        groups[i] = next;
        Neighbour best{nobody, -2};
        for (std::size_t k = 0; k < count; ++k) {
            if (groups[k] != nobody || similarities[i * count + k] <= best.similarity) continue;
            best = {k, similarities[i * count + k]};
        }
        if (best.person != nobody) groups[best.person] = next;
        ++next;
    }
    return groups;
}

/// Returns the normalised sum of the directions of each group.
std::vector<Embedding> sums_of(const std::vector<Embedding>& people,
                               const std::vector<std::size_t>& groups) {
    std::vector<Embedding> sums;
    for (std::size_t i = 0; i < people.size(); ++i) {
        if (groups[i] >= sums.size()) sums.resize(groups[i] + 1);
        add(sums[groups[i]], people[i], 1);
    }
    for (auto& sum : sums) normalise(sum);
    return sums;
}

/// Computes scores of the people of a cohort as if the cohort did not contain them: omits the
/// vectors to which one of the two people contributed. If they stayed, two people who resemble each
/// other would each have a vector near the other, which would lower their scores.
class Scores {
  public:
    Scores(const std::vector<Person>& people, const gallery::Cohort& cohort,
           const std::vector<std::size_t>& groups)
        : people_(people), cohort_(cohort), groups_(groups) {
        for (std::size_t i = 0; i < people.size(); ++i) {
            first_.push_back(images_.size());
            for (const auto* image : people[i]) images_.push_back(face(image->embedding, i));
        }
        first_.push_back(images_.size());
    }

    /// A centred embedding, and its nearest vectors.
    struct Face {
        Embedding centred;
        std::size_t person;
        /// Similarity and index of the nearest vectors without that of the person, the highest
        /// similarity first: one more than the score uses.
        std::vector<std::pair<float, std::size_t>> nearest;
        float sum = 0;  ///< sum of the similarities without the last one
    };

    [[nodiscard]] Face face(const Embedding& embedding, std::size_t person) const {
        Face out{centred(embedding, cohort_.mean), person, {}, 0};
        std::vector<std::pair<float, std::size_t>> all;
        all.reserve(cohort_.vectors.size());
        for (std::size_t i = 0; i < cohort_.vectors.size(); ++i) {
            if (i == groups_[person]) continue;
            all.emplace_back(similarity(out.centred, cohort_.vectors[i]), i);
        }
        const auto end =
            all.begin() + static_cast<std::ptrdiff_t>(std::min(cohort_.nearest + 1, all.size()));
        std::ranges::partial_sort(all, end, std::greater{});
        out.nearest.assign(all.begin(), end);
        for (std::size_t i = 0; i + 1 < out.nearest.size(); ++i) out.sum += out.nearest[i].first;
        return out;
    }
    /// Returns the fused template of the images with these indices of a person.
    [[nodiscard]] Face fused(std::size_t person, std::span<const std::size_t> images) const {
        std::vector<gallery::Probe> probes;
        for (const auto index : images) {
            const auto& image = *people_[person][index];
            probes.push_back(
                {fmt::format("{:04}", probes.size()), image.embedding, image.quality.overall});
        }
        return face(gallery::fuse(probes), person);
    }
    [[nodiscard]] const Face& image(std::size_t person, std::size_t index) const {
        return images_[first_[person] + index];
    }
    [[nodiscard]] const std::vector<Face>& images() const { return images_; }
    /// Returns the index in images() of an image of a person.
    [[nodiscard]] std::size_t index(std::size_t person, std::size_t image) const {
        return first_[person] + image;
    }

    [[nodiscard]] float score(const Face& a, const Face& b) const {
        return similarity(a.centred, b.centred) + offset(a, groups_[b.person]) +
               offset(b, groups_[a.person]);
    }

  private:
    /// Returns the addend to the scores of the face, without the vector `omitted`.
    static float offset(const Face& face, std::size_t omitted) {
        const auto used = face.nearest.size() - 1;
        float sum = face.sum;
        for (std::size_t i = 0; i < used; ++i) {
            if (face.nearest[i].second == omitted) {
                sum += face.nearest.back().first - face.nearest[i].first;
            }
        }
        return -0.5F * sum / static_cast<float>(used);
    }

    const std::vector<Person>& people_;
    const gallery::Cohort& cohort_;
    const std::vector<std::size_t>& groups_;
    std::vector<Face> images_;
    std::vector<std::size_t> first_;  ///< per person, index of the first image
};

/// Returns the mean of the gallery::best_k highest scores, like the score of a subject.
float subject_score(std::span<float> scores) {
    const auto count = std::min(scores.size(), gallery::best_k);
    std::ranges::partial_sort(scores, scores.begin() + static_cast<std::ptrdiff_t>(count),
                              std::greater{});
    float sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += scores[i];
    return sum / static_cast<float>(count);
}

std::vector<std::size_t> shuffled(std::size_t count, Random& random) {
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = i;
    random.shuffle(order);
    return order;
}

/// Returns the score that the share `rate` of the scores reaches.
double quantile(const ScoreCounts& counts, double rate) {
    const auto wanted = static_cast<std::uint64_t>(rate * static_cast<double>(counts.total()));
    std::uint64_t reached = 0;
    std::size_t step = ScoreCounts::steps;
    while (step > 0 && reached < std::max<std::uint64_t>(wanted, 1)) {
        reached += counts.in_step(--step);
    }
    return ScoreCounts::value(step);
}

/// Numbers of samples per subject, counted from 0, times numbers of probes.
using Impostors = std::array<std::array<ScoreCounts, max_count>, max_count>;

/// Measures the scores between templates and subjects of different people.
void measure_impostors(const std::vector<Person>& people, const Scores& scores, Impostors& out) {
    Random random(1);
    // One subject per person and number of samples, as indices into Scores::images().
    struct Subject {
        std::size_t person;
        std::vector<std::size_t> images;
    };
    std::vector<Subject> subjects;
    for (std::size_t i = 0; i < people.size(); ++i) {
        const auto order = shuffled(people[i].size(), random);
        for (std::size_t samples = 2; samples <= std::min(order.size(), max_count); ++samples) {
            Subject subject{i, {}};
            for (std::size_t k = 0; k < samples; ++k) {
                subject.images.push_back(scores.index(i, order[k]));
            }
            subjects.push_back(std::move(subject));
        }
    }
    std::vector<float> row(scores.images().size());
    for (std::size_t probes = 1; probes <= max_count; ++probes) {
        for (std::size_t i = 0; i < people.size(); ++i) {
            const auto order = shuffled(people[i].size(), random);
            const auto available = order.size() / probes;
            const auto count = probes == 1 ? available : std::min(available, templates_each);
            for (std::size_t t = 0; t < count; ++t) {
                const auto face = scores.fused(i, std::span(order).subspan(t * probes, probes));
                for (std::size_t k = 0; k < row.size(); ++k) {
                    row[k] = scores.score(face, scores.images()[k]);
                    if (scores.images()[k].person != i) out[0][probes - 1].add(row[k]);
                }
                for (const auto& subject : subjects) {
                    if (subject.person == i) continue;
                    std::array<float, max_count> values{};
                    for (std::size_t k = 0; k < subject.images.size(); ++k) {
                        values.at(k) = row[subject.images[k]];
                    }
                    out.at(subject.images.size() - 1)
                        .at(probes - 1)
                        .add(subject_score(std::span(values).first(subject.images.size())));
                }
            }
        }
    }
}

/// Describes the distribution of `counts` by that of single images: fits a line through the scores
/// of both distributions at the same rates. Returns nothing if there are too few scores.
std::optional<gallery::Cohort::ImpostorShape> shape_of(const ScoreCounts& counts,
                                                       const ScoreCounts& single) {
    constexpr std::array rates{0.03, 0.01, 0.003, 0.001, 0.0003};
    constexpr double min_scores = 30;  // at or above the score of a rate
    std::vector<std::pair<double, double>> points;
    for (const double rate : rates) {
        if (rate * static_cast<double>(counts.total()) < min_scores) break;
        points.emplace_back(quantile(single, rate), quantile(counts, rate));
    }
    if (points.size() < 2) return std::nullopt;
    double mean_x = 0;
    double mean_y = 0;
    for (const auto& [x, y] : points) {
        mean_x += x / static_cast<double>(points.size());
        mean_y += y / static_cast<double>(points.size());
    }
    double xx = 0;
    double xy = 0;
    for (const auto& [x, y] : points) {
        xx += (x - mean_x) * (x - mean_x);
        xy += (x - mean_x) * (y - mean_y);
    }
    if (!(xx > 0 && xy > 0)) return std::nullopt;
    gallery::Cohort::ImpostorShape shape;
    shape.scale = xy / xx;
    shape.offset = mean_y - shape.scale * mean_x;
    return shape;
}

/// Sets the distributions of the scores of impostors.
void fit_impostors(const std::vector<Person>& people, const Scores& scores,
                   gallery::Cohort& cohort) {
    const auto measured = std::make_unique<Impostors>();
    measure_impostors(people, scores, *measured);
    const auto& single = (*measured)[0][0];
    const auto total = static_cast<double>(single.total());
    for (const double rate :
         {0.5, 0.3, 0.1, 0.03, 0.01, 0.003, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6}) {
        constexpr double min_scores = 5;
        if (rate * total < min_scores) break;
        const auto score = quantile(single, rate);
        if (!cohort.impostors.empty() && score <= cohort.impostors.back().score) break;
        cohort.impostors.push_back({rate, score});
    }
    double sum = 0;
    for (std::size_t step = 0; step < ScoreCounts::steps; ++step) {
        sum += ScoreCounts::value(step) * static_cast<double>(single.in_step(step));
    }
    cohort.impostor_mean = sum / total;
    for (std::size_t samples = 1; samples <= max_count; ++samples) {
        for (std::size_t probes = 1; probes <= max_count; ++probes) {
            auto shape = shape_of((*measured)[samples - 1][probes - 1], single);
            if (!shape) continue;
            shape->samples = samples;
            shape->probes = probes;
            cohort.shapes.push_back(*shape);
        }
    }
}

/// Returns the mean and the standard deviation of the scores between a person's template and
/// `samples` other images of the person. Returns nothing if too few people have enough images.
std::optional<gallery::Cohort::Genuine> genuine_of(const std::vector<Person>& people,
                                                   const Scores& scores, std::size_t samples,
                                                   std::size_t probes) {
    std::vector<double> values;
    std::size_t measured = 0;
    Random random(1);
    for (std::size_t i = 0; i < people.size(); ++i) {
        if (people[i].size() < samples + probes) continue;
        ++measured;
        for (std::size_t trial = 0; trial < genuine_trials; ++trial) {
            const auto order = shuffled(people[i].size(), random);
            const auto face = scores.fused(i, std::span(order).subspan(samples, probes));
            std::vector<float> each;
            each.reserve(samples);
            for (std::size_t k = 0; k < samples; ++k) {
                each.push_back(scores.score(face, scores.image(i, order[k])));
            }
            values.push_back(double{subject_score(each)});
        }
    }
    if (measured < min_measured_people) return std::nullopt;
    double mean = 0;
    for (const double value : values) mean += value / static_cast<double>(values.size());
    double variance = 0;
    for (const double value : values) {
        variance += std::pow(value - mean, 2) / static_cast<double>(values.size());
    }
    return gallery::Cohort::Genuine{samples, probes, mean, std::sqrt(variance)};
}

}  // namespace

Result<gallery::Cohort> fit_cohort(const std::vector<Person>& people, const std::string& model_id,
                                   CohortParts parts) {
    const auto with_two = with_faces(people, 2).size();
    if (people.size() < min_people || with_two < min_measured_people) {
        return fail(
            ErrorKind::refused,
            fmt::format("a cohort requires {} people, {} of them with at least two images; this "
                        "folder has {}, {} of them with at least two images",
                        min_people, min_measured_people, counted(people.size(), "person", "people"),
                        with_two));
    }
    gallery::Cohort cohort;
    cohort.model_id = model_id;
    cohort.people = people.size();
    for (const auto& person : people) cohort.images += person.size();
    const auto directions = directions_of(people);
    cohort.mean = directions.mean;
    const auto groups = pair_up(directions.people);
    cohort.vectors = sums_of(directions.people, groups);
    cohort.nearest = std::max<std::size_t>(cohort.vectors.size() / nearest_share, 3);
    if (parts == CohortParts::vectors) return cohort;
    const Scores scores(people, cohort, groups);
    fit_impostors(people, scores, cohort);
    for (std::size_t samples = 1; samples <= max_count; ++samples) {
        for (std::size_t probes = 1; probes <= max_count; ++probes) {
            if (const auto genuine = genuine_of(people, scores, samples, probes)) {
                cohort.genuine.push_back(*genuine);
            }
        }
    }
    if (cohort.impostors.size() < 2 || cohort.shapes.empty() || cohort.genuine.empty()) {
        return fail(ErrorKind::refused,
                    "the images are too similar to each other to measure a cohort");
    }
    return cohort;
}

std::vector<Embedding> pair_vectors(const std::vector<Embedding>& directions) {
    return sums_of(directions, pair_up(directions));
}

std::vector<float> nearest_contributors(const std::vector<Person>& people,
                                        const gallery::Cohort& cohort) {
    const auto directions = directions_of(people);
    std::vector<float> nearest;
    for (const auto& vector : cohort.vectors) {
        float highest = -1;
        for (const auto& person : directions.people) {
            highest = std::max(highest, similarity(person, vector));
        }
        nearest.push_back(highest);
    }
    std::ranges::sort(nearest);
    return nearest;
}

}  // namespace facebus::cli
