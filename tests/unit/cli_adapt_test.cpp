// Tests the cross-validation of `facebus adapt` with random embeddings of a simulated camera.
#include <deque>

#include <boost/test/unit_test.hpp>

#include "base/random.hpp"
#include "cli/adapt/cross_validation.hpp"
#include "gallery/score/score_space.hpp"

using namespace facebus;
using namespace facebus::cli;

namespace {

constexpr std::size_t enrolled_people = 60;
constexpr std::size_t unknown_people = 140;
constexpr std::size_t faces_each = 3;
constexpr std::size_t dimensions = 40;  // in which people differ

/// A gallery, and faces of its people and of unknown people seen by a camera.
class World {
  public:
    /// `shift`: norm of what the camera adds to all embeddings. `noise`: norm of what is random.
    World(float shift, float noise) {
        const gallery::ScoreSpace space(gallery::shipped_cohorts().front());
        const auto common = direction(embedding_size);
        for (std::size_t i = 0; i < enrolled_people + unknown_people; ++i) {
            const auto person = direction(dimensions);
            CameraPerson seen;
            seen.name = std::to_string(i);
            for (std::size_t k = 0; k < faces_each; ++k) {
                auto embedding = space.original(mixed(person, noise));
                for (std::size_t d = 0; d < embedding_size; ++d) embedding[d] += shift * common[d];
                normalise(embedding);
                faces_.push_back({.quality = {.overall = 0.9F}, .embedding = embedding});
                seen.faces.push_back(&faces_.back());
            }
            if (i < enrolled_people) {
                seen.subject = enrolled_.size();
                enrolled_.push_back({mixed(person, 0.7F)});
            }
            people_.push_back(std::move(seen));
        }
    }

    [[nodiscard]] AdaptationInput input() const {
        return {gallery::shipped_cohorts().front(), enrolled_, people_};
    }
    [[nodiscard]] CrossValidation validate() const {
        return cross_validate(input(), {.probes = 1, .margin = 0}, 0.2F, [] {});
    }

  private:
    Embedding direction(std::size_t used) {
        Embedding out{};
        for (std::size_t i = 0; i < used; ++i) out[i] = static_cast<float>(random_.normal());
        normalise(out);
        return out;
    }
    Embedding mixed(const Embedding& person, float noise) {
        auto out = person;
        const auto other = direction(embedding_size);
        for (std::size_t i = 0; i < embedding_size; ++i) out[i] += noise * other[i];
        normalise(out);
        return out;
    }

    Random random_{1};
    std::deque<EmbeddedFace> faces_;
    std::vector<CentredSamples> enrolled_;
    std::vector<CameraPerson> people_;
};

const Gain& gain_of(const CrossValidation& result, const std::string& method) {
    return *std::ranges::find(result.methods, method, &Gain::method);
}

}  // namespace

BOOST_AUTO_TEST_CASE(finds_that_centring_helps_if_a_camera_shifts_all_embeddings) {
    const auto result = World(1.5F, 2.2F).validate();
    BOOST_TEST(result.mated == enrolled_people * faces_each);
    BOOST_TEST(result.impostors == (enrolled_people + unknown_people) * faces_each);
    BOOST_TEST(result.methods.size() == 7U);
    // Four fifths of 140 unknown people are enough for an own cohort.
    for (const auto& gain : result.methods) {
        BOOST_TEST_CONTEXT(gain.method) {
            BOOST_TEST(gain.usable == adaptation_folds);
        }
    }
    const auto& centring = gain_of(result, "centring");
    BOOST_TEST(centring.before > 0.2);
    BOOST_TEST(centring.after < 0.8 * centring.before);
    BOOST_TEST(centring.reduction.low > 0);
    BOOST_TEST(centring.reduction.low <= centring.reduction.high);
    BOOST_REQUIRE(result.any.best.has_value());
    BOOST_TEST(result.any.best->centring);
    BOOST_TEST(result.any.gain.reduction.low > 0);
    BOOST_REQUIRE(result.only_probes.best.has_value());
    BOOST_TEST(!result.only_probes.best->own_cohort);
}

BOOST_AUTO_TEST_CASE(finds_no_certain_gain_if_the_camera_changes_nothing) {
    const auto result = World(0, 0.9F).validate();
    BOOST_TEST(result.any.gain.reduction.low <= 0);
}

BOOST_AUTO_TEST_CASE(an_own_cohort_requires_enough_unknown_people) {
    const World world(0, 1);
    std::vector<std::size_t> few;
    for (std::size_t i = 0; i < enrolled_people + min_cohort_people - 1; ++i) few.push_back(i);
    const auto fits = [&](const Method& method) {
        return fit_adaptation(world.input(), few, method).has_value();
    };
    BOOST_TEST(!fits({.name = "own cohort", .own_cohort = true}));
    BOOST_TEST(fits({.name = "centring", .centring = true}));
}

BOOST_AUTO_TEST_CASE(an_own_cohort_leaves_the_mean_of_the_scores_of_photos_unchanged) {
    const World world(1, 1);
    const auto input = world.input();
    std::vector<std::size_t> all(input.people.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    const auto adaptation =
        fit_adaptation(input, all, {.name = "own cohort", .own_cohort = true}).value();
    std::vector<Embedding> samples;
    for (const auto& person : input.enrolled) samples.push_back(person.front());
    const auto own = mean_of_nearest(samples, adaptation.vectors, adaptation.nearest);
    const auto shipped = mean_of_nearest(samples, input.cohort.vectors, input.cohort.nearest);
    double difference = 0;
    for (std::size_t i = 0; i < own.size(); ++i) {
        difference += double{adaptation.sample_shift - own[i] / 2 + shipped[i] / 2};
    }
    BOOST_TEST(std::abs(difference) < 1e-3);
}
