// Tests of calibration.
#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include <boost/test/unit_test.hpp>

#include "gallery/decide/calibration.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gallery;

namespace {

/// Standard deviation of the cosine similarity of two random vectors.
const double deviation = 1 / std::sqrt(static_cast<double>(embedding_size));

/// Returns the score that the share `rate` of normally distributed scores reaches.
double normal_quantile(double rate) {
    double low = -8;
    double high = 8;
    for (int step = 0; step < 60; ++step) {
        const double middle = (low + high) / 2;
        (0.5 * std::erfc(middle / std::sqrt(2.0)) > rate ? low : high) = middle;
    }
    return low * deviation;
}

/// Returns a cohort without a mean, whose only vector is never near a face, so that scores are
/// cosine similarities. Its distribution of impostors is that of random faces, which is normal.
Cohort population() {
    Cohort cohort;
    cohort.model_id = "model-1";
    cohort.nearest = 1;
    cohort.vectors.emplace_back();
    for (const double rate : {0.5, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6}) {
        cohort.impostors.push_back({rate, normal_quantile(rate)});
    }
    cohort.shapes = {{1, 1, 0, 1}};
    // The mean of the scores of three independent samples varies less.
    cohort.shapes.push_back({3, 1, 0, 1 / std::sqrt(3.0)});
    cohort.genuine = {{1, 1, 0.75, 0.08}};
    return cohort;
}

std::shared_ptr<const ScoreSpace> space() {
    return std::make_shared<const ScoreSpace>();
}

/// Returns a random face: unlike those of test::face(), with normally distributed similarities.
Embedding random_face(std::mt19937& random) {
    Embedding face;
    for (float& value : face) value = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
    normalise(face);
    return face;
}

std::vector<Embedding> random_people(std::size_t count, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<Embedding> people;
    for (std::size_t i = 0; i < count; ++i) people.push_back(random_face(random));
    return people;
}

/// Returns a gallery with one subject per embedding, and `samples_each` equal samples per subject.
Snapshot gallery_of(const std::vector<Embedding>& people, std::size_t samples_each = 1) {
    std::vector<Subject> subjects;
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < people.size(); ++i) {
        const auto name = std::to_string(1000 + i);
        const auto id = test::id(name);
        subjects.push_back({id, name, 0});
        for (std::size_t k = 0; k < samples_each; ++k) {
            auto sample = test::sample(people[i]);
            sample.id = test::id(name + "-" + std::to_string(k));
            sample.subject_id = id;
            samples.push_back(std::move(sample));
        }
    }
    return {"model-1", std::move(subjects), samples, "1-0", space()};
}

Calibration calibrate_successfully(const Snapshot& gallery, double fpir = 0.01,
                                   float margin = 0.05F) {
    const auto done = calibrate(gallery, {.fpir = fpir, .base = {.margin = margin}}, population());
    BOOST_REQUIRE(done);
    return *done;
}

/// Returns the share of random impostors that are identified.
double measured_fpir(const Snapshot& gallery, const Policy& policy) {
    constexpr std::size_t count = 10'000;
    std::mt19937 random(99);
    std::size_t named = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto decision = decide({{"1", random_face(random), 0.9F}}, gallery, policy);
        named += decision.verdict == Verdict::known ? 1U : 0U;
    }
    return static_cast<double>(named) / count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(keeps_the_requested_fpir_in_galleries_of_all_sizes_and_with_any_margin) {
    for (const std::size_t subjects : {10U, 100U}) {
        const auto gallery = gallery_of(random_people(subjects, 5));
        for (const double fpir : {0.1, 0.02}) {
            for (const float margin : {0.0F, 0.02F}) {
                const auto policy = calibrate_successfully(gallery, fpir, margin).policy;
                const double measured = measured_fpir(gallery, policy);
                BOOST_TEST(measured < 1.3 * fpir, subjects << " " << fpir << " " << margin);
                BOOST_TEST(measured > 0.7 * fpir, subjects << " " << fpir << " " << margin);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(lower_fpir_and_more_subjects_raise_the_threshold) {
    const auto few = gallery_of(random_people(4, 5));
    const auto many = gallery_of(random_people(200, 5));
    BOOST_TEST(calibrate_successfully(few, 0.001).policy.threshold >
               calibrate_successfully(few, 0.01).policy.threshold);
    BOOST_TEST(calibrate_successfully(few, 0.01).policy.threshold >
               calibrate_successfully(few, 0.1).policy.threshold);
    BOOST_TEST(calibrate_successfully(many).policy.threshold >
               calibrate_successfully(few).policy.threshold);
    // Two images are compared as in a gallery of one person.
    BOOST_TEST(calibrate_successfully(many).policy.pair_threshold <
               calibrate_successfully(few).policy.threshold);
}

BOOST_AUTO_TEST_CASE(uses_the_distribution_of_subjects_with_the_same_number_of_samples) {
    const auto people = random_people(20, 5);
    const float one = calibrate_successfully(gallery_of(people, 1), 0.01, 0).policy.threshold;
    const float three = calibrate_successfully(gallery_of(people, 3), 0.01, 0).policy.threshold;
    BOOST_TEST(std::abs(three - one / std::sqrt(3.0F)) < 0.003F);
}

BOOST_AUTO_TEST_CASE(threshold_depends_on_the_number_of_probes) {
    auto cohort = population();
    cohort.shapes.push_back({1, 3, 0.1, 1});
    const auto gallery = gallery_of(random_people(20, 5));
    const auto policy = calibrate(gallery, {}, cohort)->policy;
    const auto with = [&](std::size_t probes) { return effective_threshold(policy, 20, probes); };
    BOOST_TEST(with(3) == with(1) + 0.1F, boost::test_tools::tolerance(0.02F));
    BOOST_TEST(with(2) == policy.threshold);
    BOOST_TEST(with(5) == with(3));
    BOOST_TEST(with(64) == with(5));
    BOOST_TEST(with(0) == with(1));
}

BOOST_AUTO_TEST_CASE(subjects_that_resemble_each_other_raise_the_threshold) {
    auto people = random_people(12, 5);
    const float apart = calibrate_successfully(gallery_of(people)).policy.threshold;
    BOOST_TEST(calibrate_successfully(gallery_of(people)).shift < 0.01F);
    // Make the people a family: mix each embedding with the first one.
    const auto family = [&] {
        for (auto& each : people) {
            for (std::size_t i = 0; i < embedding_size; ++i) each[i] += 0.8F * people[0][i];
            normalise(each);
        }
        return people;
    }();
    const auto done = calibrate_successfully(gallery_of(family));
    BOOST_TEST(done.shift > 0.1F);
    BOOST_TEST(done.policy.threshold == apart + done.shift, boost::test_tools::tolerance(1e-3F));
    // Three subjects are too few to measure the shift.
    BOOST_TEST(calibrate_successfully(gallery_of({family[1], family[2], family[3]})).shift == 0);
}

BOOST_AUTO_TEST_CASE(probability_is_low_at_low_scores_and_high_at_high_scores) {
    const auto gallery = gallery_of(random_people(20, 5));
    const auto policy = calibrate_successfully(gallery).policy;
    const auto probability = [&](float score) {
        Match match;
        match.best = {"1", "Anna", score, {"s"}};
        return decide({{"1", test::face(1), 0.9F}}, match, gallery.subjects(), policy).probability;
    };
    BOOST_TEST(probability(0.1F) < 0.05);
    BOOST_TEST(probability(0.75F) > 0.95);
    BOOST_TEST(probability(0.5F) > probability(0.4F));
}

BOOST_AUTO_TEST_CASE(rejects_an_empty_gallery_a_cohort_of_another_model_and_an_fpir_out_of_range) {
    const auto gallery = gallery_of(random_people(3, 5));
    auto other = population();
    other.model_id = "model-2";
    for (const auto& result :
         {calibrate(Snapshot(), {}, population()), calibrate(gallery, {}, other),
          calibrate(gallery, {.fpir = 0}, population()),
          calibrate(gallery, {.fpir = 0.9}, population()),
          calibrate(gallery, {.fpir = std::nan("")}, population())}) {
        BOOST_REQUIRE(!result);
        BOOST_TEST((result.error().kind == ErrorKind::refused));
        BOOST_TEST(!result.error().message.empty());
    }
}

BOOST_AUTO_TEST_CASE(gallery_of_a_model_without_a_cohort_keeps_the_thresholds_for_similarities) {
    const auto policy = policy_for(gallery_of(random_people(3, 5)), {});
    BOOST_TEST(policy.threshold == Policy{}.threshold);
    BOOST_TEST(policy.early == Policy{}.early);
}

BOOST_AUTO_TEST_CASE(leave_one_out_matches_each_sample_with_the_others) {
    const auto people = random_people(4, 5);
    BOOST_TEST(leave_one_out(gallery_of(people, 1), Policy{}).tested == 0U);
    const auto twice = leave_one_out(gallery_of(people, 2), Policy{});
    BOOST_TEST(twice.tested == 8U);
    BOOST_TEST(twice.identified == 8U);
    const auto strict = leave_one_out(gallery_of(people, 2), Policy{.threshold = 1.1F});
    BOOST_TEST(strict.tested == 8U);
    BOOST_TEST(strict.identified == 0U);
    // Bert's second sample shows Anna.
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < 4; ++i) {
        auto sample = test::sample(i == 3 ? people[0] : people[i / 2]);
        sample.id = test::id(std::to_string(i));
        sample.subject_id = test::id(i < 2 ? "anna" : "bert");
        samples.push_back(std::move(sample));
    }
    const Snapshot wrong("model-1", {{test::id("anna"), "Anna", 0}, {test::id("bert"), "Bert", 0}},
                         samples, "1-0", space());
    BOOST_TEST(leave_one_out(wrong, Policy{}).tested == 4U);
    BOOST_TEST(leave_one_out(wrong, Policy{}).identified == 2U);
}
