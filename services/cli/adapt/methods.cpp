#include "cli/adapt/methods.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include <opencv2/core.hpp>

#include "cli/adapt/matrix.hpp"
#include "cli/evaluation/fit_cohort.hpp"

namespace facebus::cli {
namespace {

constexpr int size = static_cast<int>(embedding_size);

/// Returns the mean of the faces, with the same weight for each person.
Embedding mean_face(const AdaptationInput& input, const std::vector<std::size_t>& people) {
    Embedding mean{};
    for (const auto index : people) {
        const auto& faces = input.people[index].faces;
        const auto weight = 1 / static_cast<float>(faces.size() * people.size());
        for (const auto* face : faces) {
            for (std::size_t i = 0; i < embedding_size; ++i) mean[i] += weight * face->embedding[i];
        }
    }
    return mean;
}

Embedding mean_of(const std::vector<Embedding>& embeddings) {
    Embedding mean{};
    for (const auto& each : embeddings) {
        for (std::size_t i = 0; i < embedding_size; ++i) mean[i] += each[i];
    }
    normalise(mean);
    return mean;
}

/// Returns the rows of a map that multiplies column vectors, minus the identity.
std::vector<Embedding> rows_of(const cv::Mat& map) {
    std::vector<Embedding> rows(embedding_size);
    for (int i = 0; i < size; ++i) {
        for (int k = 0; k < size; ++k) {
            rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)] =
                static_cast<float>(map.at<double>(i, k) - (i == k ? 1 : 0));
        }
    }
    return rows;
}

/// Returns the map for Map::regression. With the centred faces as rows of A and the directions of
/// their enrolled people as rows of B, it minimises |A X - B|^2 + strength |X - 1|^2.
std::vector<Embedding> regression(const AdaptationInput& input,
                                  const std::vector<std::size_t>& people,
                                  const gallery::Adaptation& centring, double strength) {
    cv::Mat faces;
    cv::Mat targets;
    for (const auto index : people) {
        const auto& person = input.people[index];
        if (person.subject == not_enrolled) continue;
        const auto target = mean_of(input.enrolled[person.subject]);
        // The weight of a person grows with the square root of the number of faces.
        const double weight = std::pow(static_cast<double>(person.faces.size()), -0.25);
        for (const auto* face : person.faces) {
            faces.push_back(to_row(centring.centred(face->embedding), weight));
            targets.push_back(to_row(target, weight));
        }
    }
    if (faces.empty()) return {};
    cv::Mat left;
    cv::Mat right;
    cv::Mat solution;
    const cv::Mat identity = cv::Mat::eye(size, size, CV_64F);
    cv::gemm(faces, faces, 1, identity, strength, left, cv::GEMM_1_T);
    cv::gemm(faces, targets, 1, identity, strength, right, cv::GEMM_1_T);
    if (!cv::solve(left, right, solution, cv::DECOMP_CHOLESKY)) return {};
    return rows_of(solution.t());
}

/// Returns the map for Map::classifiers.
std::vector<Embedding> classifiers(const AdaptationInput& input,
                                   const std::vector<std::size_t>& people,
                                   const gallery::Adaptation& centring, double strength) {
    cv::Mat negatives;
    for (const auto index : people) {
        const auto& person = input.people[index];
        if (person.subject != not_enrolled) continue;
        const double weight = std::pow(static_cast<double>(person.faces.size()), -0.5);
        for (const auto* face : person.faces) {
            negatives.push_back(to_row(centring.centred(face->embedding), weight));
        }
    }
    if (negatives.empty()) return {};
    cv::Mat covariance;
    cv::mulTransposed(negatives, covariance, true);
    const double scale = strength * cv::trace(covariance)[0] / size;
    covariance += scale * cv::Mat::eye(size, size, CV_64F);
    cv::Mat inverse;
    if (cv::invert(covariance, inverse, cv::DECOMP_CHOLESKY) == 0) return {};
    return rows_of(inverse * (size / cv::trace(inverse)[0]));
}

/// Sets the vectors of `out` to unknown people of the cameras. Returns false if there are too few.
bool fit_own_cohort(const AdaptationInput& input, const std::vector<std::size_t>& people,
                    gallery::Adaptation& out) {
    std::vector<Embedding> directions;
    for (const auto index : people) {
        const auto& person = input.people[index];
        if (person.subject != not_enrolled) continue;
        std::vector<Embedding> faces;
        for (const auto* face : person.faces) faces.push_back(out.centred(face->embedding));
        directions.push_back(mean_of(faces));
    }
    if (directions.size() < min_cohort_people) return false;
    out.vectors = pair_vectors(directions);
    out.nearest = std::max<std::size_t>(out.vectors.size() / 40, 3);
    // Keep the mean of what the samples add, so that the scores of uploaded photos stay calibrated.
    std::vector<Embedding> samples;
    for (const auto& person : input.enrolled) {
        samples.insert(samples.end(), person.begin(), person.end());
    }
    const auto own = mean_of_nearest(samples, out.vectors, out.nearest);
    const auto shipped = mean_of_nearest(samples, input.cohort.vectors, input.cohort.nearest);
    const auto sum = [](const std::vector<float>& all) {
        return std::accumulate(all.begin(), all.end(), 0.0);
    };
    out.sample_shift =
        static_cast<float>((sum(own) - sum(shipped)) / (2 * static_cast<double>(samples.size())));
    return true;
}

std::vector<Method> all_methods() {
    std::vector<Method> all{
        {.name = "centring", .centring = true},
        {.name = "own cohort", .own_cohort = true},
        {.name = "centring and own cohort", .centring = true, .own_cohort = true}};
    for (const bool own_cohort : {false, true}) {
        const std::string end = own_cohort ? " and own cohort" : "";
        for (const double strength : {30.0, 10.0, 100.0}) {
            all.push_back({"linear map" + end, true, Map::regression, strength, own_cohort});
        }
        for (const double strength : {10.0, 3.0}) {
            all.push_back(
                {"per-subject classifiers" + end, true, Map::classifiers, strength, own_cohort});
        }
    }
    return all;
}

}  // namespace

const std::vector<Method>& adaptation_methods() {
    static const auto methods = all_methods();
    return methods;
}

std::optional<gallery::Adaptation> fit_adaptation(const AdaptationInput& input,
                                                  const std::vector<std::size_t>& people,
                                                  const Method& method) {
    gallery::Adaptation out;
    out.model_id = input.cohort.model_id;
    out.method = method.name;
    out.mean = method.centring ? mean_face(input, people) : input.cohort.mean;
    if (method.map != Map::none) {
        const auto fit = method.map == Map::regression ? regression : classifiers;
        out.map = fit(input, people, out, method.strength);
        if (out.map.empty()) return std::nullopt;
    }
    if (method.own_cohort && !fit_own_cohort(input, people, out)) return std::nullopt;
    return out;
}

std::vector<float> mean_of_nearest(const std::vector<Embedding>& embeddings,
                                   const std::vector<Embedding>& vectors, std::size_t nearest) {
    std::vector<float> means;
    if (embeddings.empty()) return means;
    cv::Mat products;
    cv::gemm(to_matrix(embeddings), to_matrix(vectors), 1, cv::noArray(), 0, products,
             cv::GEMM_2_T);
    for (int row = 0; row < products.rows; ++row) {
        auto* const first = products.ptr<float>(row);
        const auto count = static_cast<std::ptrdiff_t>(nearest);
        std::nth_element(first, first + count - 1, first + products.cols, std::greater{});
        means.push_back(std::accumulate(first, first + count, 0.0F) / static_cast<float>(nearest));
    }
    return means;
}

}  // namespace facebus::cli
