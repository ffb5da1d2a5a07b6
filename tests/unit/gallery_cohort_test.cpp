// Tests of the cohort and its JSON, and of the scores that it defines.
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>

#include <boost/test/unit_test.hpp>

#include "gallery/match/snapshot.hpp"
#include "gallery/score/cohort.hpp"
#include "gallery/score/score_space.hpp"
#include "support/faces.hpp"
#include "support/text.hpp"

using namespace facebus;
using namespace facebus::gallery;
using test::axis;
using test::replace_once;

namespace {

/// Returns a cohort with a mean along axis 0, and vectors along the axes 1 to 4 and near axis 1.
Cohort simple_cohort() {
    Cohort cohort;
    cohort.model_id = "model-1";
    cohort.people = 10;
    cohort.images = 20;
    cohort.nearest = 2;
    cohort.mean[0] = 0.5F;
    for (std::size_t i = 1; i < 5; ++i) cohort.vectors.push_back(axis(i));
    cohort.vectors.push_back(test::between(1, 5, 0.8F));
    cohort.impostors = {{0.1, 0.0}, {0.01, 0.1}, {0.001, 0.2}};
    cohort.impostor_mean = -0.3;
    cohort.shapes = {{1, 1, 0, 1}};
    cohort.genuine = {{1, 1, 0.4, 0.1}};
    return cohort;
}

/// Returns the unit vector whose centred embedding is `direction`.
Embedding original(const Embedding& direction) {
    return ScoreSpace(simple_cohort()).original(direction);
}

/// Returns the embedding of a random face with the mean of simple_cohort().
Embedding random_face(std::uint32_t seed) {
    auto face = test::face(seed);
    face[0] += 0.5F;
    face[seed % 5] += 0.3F;
    normalise(face);
    return face;
}

}  // namespace

BOOST_AUTO_TEST_CASE(writes_and_reads_back_a_cohort) {
    const auto cohort = simple_cohort();
    // Vectors are rounded when they are written.
    const auto back = read_cohort(write_cohort(cohort));
    BOOST_REQUIRE(back);
    BOOST_TEST(back->model_id == "model-1");
    BOOST_TEST(back->people == 10U);
    BOOST_TEST(back->images == 20U);
    BOOST_TEST(back->nearest == 2U);
    BOOST_TEST(std::abs(back->mean[0] - 0.5F) < 0.005F);
    BOOST_REQUIRE(back->vectors.size() == 5U);
    BOOST_TEST(similarity(back->vectors[4], cohort.vectors[4]) > 0.9999F);
    BOOST_REQUIRE(back->impostors.size() == 3U);
    BOOST_TEST(back->impostors[2].rate == 0.001);
    BOOST_TEST(back->impostors[2].score == 0.2);
    BOOST_TEST(back->impostor_mean == -0.3);
    BOOST_TEST(back->shapes.at(0).scale == 1);
    BOOST_TEST(back->genuine.at(0).deviation == 0.1);
}

BOOST_AUTO_TEST_CASE(rejects_text_that_is_not_a_cohort) {
    const auto good = write_cohort(simple_cohort());
    for (const std::string& bad :
         {std::string(), std::string("{}"), good.substr(0, good.size() / 2),
          replace_once(good, "\"people\":10", "\"people\":1e30"),
          replace_once(good, "\"people\":10", "\"people\":-1"),
          replace_once(good, "\"nearest\":2", "\"nearest\":6"),
          replace_once(good, "\"nearest\":2", "\"nearest\":0"),
          replace_once(good, "\"count\":5", "\"count\":4"),
          replace_once(good, "\"rate\":0.01", "\"rate\":0.2"),
          replace_once(good, "\"score\":0.2", "\"score\":-0.2"),
          replace_once(good, "\"scale\":1.0", "\"scale\":0"),
          replace_once(good, "\"deviation\":0.1", "\"deviation\":0"),
          replace_once(good, "\"mean_scale\":", "\"mean_scale\":-"),
          replace_once(good, "\"genuine\":[{", "\"genuine\":[], \"other\":[{")}) {
        const auto read = read_cohort(bad);
        BOOST_REQUIRE(!read);
        BOOST_TEST((read.error().kind == ErrorKind::malformed));
    }
}

BOOST_AUTO_TEST_CASE(score_without_a_cohort_is_the_cosine_similarity) {
    const ScoreSpace space;
    BOOST_TEST(!space.has_cohort());
    BOOST_TEST(space.score(axis(0), test::between(0, 1, 0.6F)) == 0.6F,
               boost::test_tools::tolerance(1e-6F));
    BOOST_TEST(!ScoreSpace::of("a model without a cohort")->has_cohort());
}

BOOST_AUTO_TEST_CASE(centres_embeddings_and_restores_them) {
    const ScoreSpace space(simple_cohort());
    const auto face = random_face(7);
    const auto centred = space.centred(face);
    BOOST_TEST(similarity(centred, centred) == 1, boost::test_tools::tolerance(1e-5F));
    BOOST_TEST(similarity(centred, face) < 0.99F);
    BOOST_TEST(similarity(space.original(centred), face) > 0.99999F);
}

BOOST_AUTO_TEST_CASE(score_is_the_centred_cosine_minus_half_the_mean_of_the_nearest_vectors) {
    const ScoreSpace space(simple_cohort());
    // Near the vectors along axis 1 (cosine 0.6 and 0.48), and far from all vectors.
    const auto near = original(test::between(1, 6, 0.6F));
    const auto far = original(axis(6));
    BOOST_TEST(std::abs(space.offset(space.centred(near)) + (0.6F + 0.48F) / 4) < 0.005F);
    BOOST_TEST(std::abs(space.score(far, far) - 1) < 0.005F);
    BOOST_TEST(std::abs(space.score(near, far) - (0.8F - 0.27F)) < 0.01F);
}

BOOST_AUTO_TEST_CASE(search_finds_the_subjects_with_the_highest_scores_exactly) {
    const auto space = std::make_shared<const ScoreSpace>(simple_cohort());
    constexpr std::uint32_t subjects = 300;
    std::vector<Subject> names;
    std::vector<Sample> samples;
    for (std::uint32_t i = 0; i < subjects; ++i) {
        const auto id = test::id(std::to_string(1000 + i));
        names.push_back({id, std::to_string(i), 0});
        samples.push_back(test::sample(random_face(i)));
        samples.back().id = id;
        samples.back().subject_id = id;
    }
    const Snapshot gallery("model-1", names, samples, "1-0", space);
    const auto changed = gallery.with({{names[3].id, std::nullopt}}, "2-0");
    std::size_t differ = 0;
    for (std::uint32_t seed = 5000; seed < 5050; ++seed) {
        const auto probe = random_face(seed);
        std::vector<std::pair<float, std::uint32_t>> scores;
        std::uint32_t most_similar = 0;
        for (std::uint32_t i = 0; i < subjects; ++i) {
            scores.emplace_back(space->score(probe, samples[i].embedding), i);
            if (similarity(probe, samples[i].embedding) >
                similarity(probe, samples[most_similar].embedding)) {
                most_similar = i;
            }
        }
        std::ranges::sort(scores, std::greater{});
        if (most_similar != scores[0].second) ++differ;
        const auto match = gallery.match(probe);
        BOOST_TEST(match.best->name == std::to_string(scores[0].second));
        BOOST_TEST(match.runner_up->name == std::to_string(scores[1].second));
        BOOST_TEST(std::abs(match.best->score - scores[0].first) < 1e-3F);
        BOOST_TEST(std::abs(match.best->similarity -
                            similarity(probe, samples[scores[0].second].embedding)) < 1e-3F);
        // A segment that is copied after a change keeps the scores of its rows.
        if (scores[0].second != 3) {
            BOOST_TEST(changed.match(probe).best->score == match.best->score);
        }
    }
    BOOST_TEST(differ > 0U, "no search depends on the score");
    BOOST_TEST(similarity(gallery.embedding(9), samples[9].embedding) > 0.9999F);
}

BOOST_AUTO_TEST_CASE(each_shipped_cohort_has_over_1000_people_and_no_vector_per_person) {
    BOOST_REQUIRE(shipped_cohorts().size() == 2U);
    BOOST_TEST(shipped_cohorts()[0].model_id.starts_with("facenet-"));
    BOOST_TEST(shipped_cohorts()[1].model_id.starts_with("sface-"));
    for (const auto& cohort : shipped_cohorts()) {
        BOOST_TEST(cohort.people > 1000U);
        BOOST_TEST(cohort.vectors.size() <= cohort.people / 2 + 1);
        BOOST_TEST(find_cohort(cohort.model_id) == &cohort);
        BOOST_TEST(ScoreSpace::of(cohort.model_id)->has_cohort());
        BOOST_TEST(ScoreSpace::of(cohort.model_id)->model_id() == cohort.model_id);
    }
    BOOST_TEST(find_cohort("another model") == nullptr);
}

BOOST_AUTO_TEST_CASE(a_cohort_of_sface_contains_only_the_numbers_that_sface_computes) {
    auto cohort = simple_cohort();
    const auto wide = write_cohort(cohort);
    cohort.model_id = "sface-1";
    const auto text = write_cohort(cohort);
    BOOST_TEST(text.size() < wide.size() / 3);
    const auto back = read_cohort(text);
    BOOST_REQUIRE(back);
    for (std::size_t i = 0; i < cohort.vectors.size(); ++i) {
        BOOST_TEST(similarity(back->vectors[i], cohort.vectors[i]) > 0.9999F);
    }
    BOOST_TEST(!read_cohort(replace_once(text, "sface-1", "model-1")));
    BOOST_TEST(!read_cohort(replace_once(wide, "model-1", "sface-1")));
}
