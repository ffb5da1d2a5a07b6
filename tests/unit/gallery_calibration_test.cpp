// Tests of calibration.
#include <algorithm>
#include <cmath>

#include <boost/test/unit_test.hpp>

#include "gallery/decide/calibration.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gallery;

namespace {

constexpr std::size_t impostor_count = 4000;

/// Returns a cohort in which people, and the images of a person, vary in 40 directions. People vary
/// more than the images of one person.
Cohort population() {
    Cohort cohort;
    cohort.model_id = "model-1";
    for (std::uint32_t i = 0; i < 40; ++i) {
        for (auto* covariance : {&cohort.between, &cohort.within}) {
            auto& column = covariance->columns.emplace_back(test::face(i));
            const float size = covariance == &cohort.between ? 0.15F : 0.08F;
            for (float& value : column) value *= size;
        }
    }
    cohort.genuine.push_back({1, 1, 0.75, 0.08});
    cohort.genuine.push_back({3, 2, 0.85, 0.05});
    return cohort;
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
    return {"model-1", std::move(subjects), samples, "1-0"};
}

Calibration calibrate_successfully(const Snapshot& gallery, double fpir = 0.01) {
    const auto done = calibrate(gallery, Policy{}, population(), fpir, impostor_count);
    BOOST_REQUIRE(done);
    return *done;
}

/// Returns the share of impostors that are identified. Draws the impostors with a different seed
/// than calibrate().
double measured_fpir(const Snapshot& gallery, const Policy& policy) {
    const auto impostors = population().impostors(impostor_count, 2, 99);
    std::size_t count = 0;
    for (const auto& impostor : impostors) {
        const auto decision =
            decide({{"1", impostor, 0.9F}, {"2", impostor, 0.9F}}, gallery, policy);
        count += decision.verdict == Verdict::known ? 1U : 0U;
    }
    return static_cast<double>(count) / impostor_count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(reaches_the_requested_fpir_with_impostors_not_used_by_calibration) {
    const auto gallery = gallery_of(population().impostors(20, 1, 5));
    for (const double fpir : {0.1, 0.01}) {
        const double measured =
            measured_fpir(gallery, calibrate_successfully(gallery, fpir).policy);
        BOOST_TEST(measured < 1.4 * fpir + 0.002);
        BOOST_TEST(measured > 0.3 * fpir);
    }
}

BOOST_AUTO_TEST_CASE(lower_fpir_and_more_subjects_raise_the_threshold) {
    const auto few = gallery_of(population().impostors(5, 1, 5));
    const auto many = gallery_of(population().impostors(200, 1, 5));
    BOOST_TEST(calibrate_successfully(few, 0.001).threshold >
               calibrate_successfully(few, 0.01).threshold);
    BOOST_TEST(calibrate_successfully(few, 0.01).threshold >
               calibrate_successfully(few, 0.1).threshold);
    BOOST_TEST(calibrate_successfully(many).threshold > calibrate_successfully(few).threshold);
}

BOOST_AUTO_TEST_CASE(scales_the_threshold_by_the_tail_of_the_cohort) {
    auto cohort = population();
    const auto gallery = gallery_of(population().impostors(20, 1, 5));
    const float plain = calibrate(gallery, Policy{}, cohort, 0.01, impostor_count)->threshold;
    cohort.tail = 1.2;
    const float real = calibrate(gallery, Policy{}, cohort, 0.01, impostor_count)->threshold;
    BOOST_TEST(std::abs(real - 1.2F * plain) < 0.02F);
}

BOOST_AUTO_TEST_CASE(effective_threshold_of_the_policy_is_the_calibrated_threshold) {
    for (const std::size_t subjects : {3U, 150U}) {
        const auto done =
            calibrate_successfully(gallery_of(population().impostors(subjects, 1, 5)));
        BOOST_TEST(effective_threshold(done.policy, subjects, 2) == done.threshold,
                   boost::test_tools::tolerance(1e-4F));
        BOOST_TEST(done.policy.early == Policy{}.early);
        BOOST_TEST(done.policy.margin == Policy{}.margin);
    }
}

BOOST_AUTO_TEST_CASE(subjects_that_resemble_each_other_raise_the_threshold) {
    auto people = population().impostors(12, 1, 5);
    const float apart = calibrate_successfully(gallery_of(people)).threshold;
    BOOST_TEST(calibrate_successfully(gallery_of(people)).shift < 0.05F);
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
    BOOST_TEST(done.threshold > apart + 0.1F);
    // Three subjects are too few to measure the shift.
    BOOST_TEST(calibrate_successfully(gallery_of({family[1], family[2], family[3]})).shift == 0);
}

BOOST_AUTO_TEST_CASE(probability_is_low_at_low_similarity_and_high_at_high_similarity) {
    const auto gallery = gallery_of(population().impostors(20, 1, 5));
    const auto policy = calibrate_successfully(gallery).policy;
    const auto probability = [&](float similar) {
        const Embedding subject = gallery.embedding(0);
        auto other = test::face(777);
        const float common = similarity(subject, other);
        for (std::size_t i = 0; i < embedding_size; ++i) other[i] -= common * subject[i];
        normalise(other);
        Embedding probe{};
        for (std::size_t i = 0; i < embedding_size; ++i) {
            probe[i] = similar * subject[i] + std::sqrt(1 - similar * similar) * other[i];
        }
        const auto at = decide({{"1", probe, 0.9F}}, gallery, policy);
        BOOST_TEST(at.match.best->similarity == similar, boost::test_tools::tolerance(1e-3F));
        return at.probability;
    };
    BOOST_TEST(probability(0.3F) < 0.05);
    BOOST_TEST(probability(0.85F) > 0.95);
    BOOST_TEST(probability(0.6F) > probability(0.5F));
}

BOOST_AUTO_TEST_CASE(calibration_is_deterministic) {
    const auto gallery = gallery_of(population().impostors(20, 1, 5));
    BOOST_TEST(calibrate_successfully(gallery).threshold ==
               calibrate_successfully(gallery).threshold);
    BOOST_TEST(calibrate_successfully(gallery).policy.slope ==
               calibrate_successfully(gallery).policy.slope);
}

BOOST_AUTO_TEST_CASE(rejects_an_empty_gallery_a_cohort_of_another_model_and_an_fpir_out_of_range) {
    const auto gallery = gallery_of(population().impostors(3, 1, 5));
    auto other = population();
    other.model_id = "model-2";
    for (const auto& result :
         {calibrate(Snapshot(), Policy{}, population(), 0.01, impostor_count),
          calibrate(gallery, Policy{}, other, 0.01, impostor_count),
          calibrate(gallery, Policy{}, population(), 0, impostor_count),
          calibrate(gallery, Policy{}, population(), 0.9, impostor_count),
          calibrate(gallery, Policy{}, population(), std::nan(""), impostor_count)}) {
        BOOST_REQUIRE(!result);
        BOOST_TEST((result.error().kind == ErrorKind::refused));
        BOOST_TEST(!result.error().message.empty());
    }
}

BOOST_AUTO_TEST_CASE(leave_one_out_matches_each_sample_with_the_others) {
    const auto people = population().impostors(4, 1, 5);
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
                         samples, "1-0");
    BOOST_TEST(leave_one_out(wrong, Policy{}).tested == 4U);
    BOOST_TEST(leave_one_out(wrong, Policy{}).identified == 2U);
}
