// Tests of the decision about a face in a single image.
#include <boost/test/unit_test.hpp>

#include "gateway/faces/still_decision.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gateway;
using gallery::Verdict;

namespace {

const gallery::Policy policy{.threshold = 0.5F,
                             .growth = 0,
                             .early = 0.1F,
                             .min_probes = 2,
                             .margin = 0.05F,
                             .min_quality = 0.2F};

/// Decides about a face with the similarity `similarity` to the best subject and `next` to the
/// runner-up.
StillDecision decide(float similarity, float next, float quality = 0.9F) {
    return decide_still(test::probe("", test::axis(0), quality),
                        {{"1", "Anna", similarity, {"s"}}, {"2", "Bert", next, {"t"}}}, 2, policy);
}

}  // namespace

BOOST_AUTO_TEST_CASE(face_is_known_above_the_threshold_for_one_good_probe) {
    const auto known = decide(0.61F, 0.1F);
    BOOST_TEST((known.verdict == Verdict::known));
    BOOST_TEST(known.reason.empty());
    BOOST_TEST(known.score_threshold == 0.6F);
    BOOST_TEST(known.score == 0.61F);
    BOOST_TEST(known.similarity == 0.61F);
    BOOST_TEST((decide(0.59F, 0.1F).verdict == Verdict::undecided));
}

BOOST_AUTO_TEST_CASE(face_is_unknown_below_the_threshold_for_several_good_probes) {
    const auto unknown = decide(0.49F, 0.1F);
    BOOST_TEST((unknown.verdict == Verdict::unknown));
    BOOST_TEST(unknown.reason.find("0.500") != std::string::npos);
    BOOST_TEST((decide(0.51F, 0.1F).verdict == Verdict::undecided));
}

BOOST_AUTO_TEST_CASE(face_with_a_small_margin_is_undecided) {
    const auto close = decide(0.8F, 0.78F);
    BOOST_TEST((close.verdict == Verdict::undecided));
    BOOST_TEST(close.reason.find("runner-up") != std::string::npos);
    BOOST_TEST(close.reason.find("\"Anna\" and \"Bert\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ambiguous_face_does_not_reveal_an_ignored_person) {
    const auto ambiguous =
        decide_still(test::probe("", test::axis(0), 0.9F),
                     {{"1", "Anna", 0.8F, {"s"}}, {"2", "Bert", 0.78F, {"t"}, true}}, 2, policy);
    BOOST_TEST((ambiguous.verdict == Verdict::undecided));
    BOOST_TEST(ambiguous.reason.find("Anna") == std::string::npos);
    BOOST_TEST(ambiguous.reason.find("Bert") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(face_of_low_quality_is_undecided) {
    const auto poor = decide(0.9F, 0.1F, 0.1F);
    BOOST_TEST((poor.verdict == Verdict::undecided));
    BOOST_TEST(poor.reason.find("quality") != std::string::npos);
    BOOST_TEST((decide(0.1F, 0.1F, 0.1F).verdict == Verdict::undecided));
}

BOOST_AUTO_TEST_CASE(blurred_face_can_be_known_but_not_unknown) {
    BOOST_TEST((decide(0.61F, 0.1F, 0.5F).verdict == Verdict::known));
    const auto other = decide(0.1F, 0.1F, 0.5F);
    BOOST_TEST((other.verdict == Verdict::undecided));
    BOOST_TEST(other.reason.find("better image") != std::string::npos);
    BOOST_TEST((decide(0.8F, 0.78F, 0.5F).reason.find("ambiguous") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(ignored_person_is_flagged_above_the_threshold_for_several_good_probes) {
    const auto decide_on = [](float similarity) {
        return decide_still(test::probe("", test::axis(0), 0.9F),
                            {{"1", "Anna", similarity, {"s"}, true}}, 1, policy);
    };
    for (const float similarity : {0.61F, 0.51F}) {
        BOOST_TEST(decide_on(similarity).ignored);
        BOOST_TEST((decide_on(similarity).verdict == Verdict::undecided));
        BOOST_TEST(decide_on(similarity).reason.find("ignored") != std::string::npos);
    }
    BOOST_TEST(!decide_on(0.49F).ignored);
    BOOST_TEST((decide_on(0.49F).verdict == Verdict::unknown));
}

BOOST_AUTO_TEST_CASE(compares_the_score_and_reports_the_similarity_that_it_would_require) {
    // Similar, but not more than to many other people.
    const auto lookalike = decide_still(test::probe("", test::axis(0), 0.9F),
                                        {{"1", "Anna", 0.8F, {"s"}, false, 0.3F}}, 1, policy);
    BOOST_TEST((lookalike.verdict == Verdict::unknown));
    BOOST_TEST(lookalike.similarity == 0.8F);
    BOOST_TEST(lookalike.score == 0.3F);
    BOOST_TEST(lookalike.threshold == 1.1F, boost::test_tools::tolerance(1e-5F));
}

BOOST_AUTO_TEST_CASE(good_face_is_unknown_if_the_gallery_is_empty) {
    const auto nobody = decide_still(test::probe("", test::axis(0), 0.9F), {}, 0, policy);
    BOOST_TEST((nobody.verdict == Verdict::unknown));
    BOOST_TEST(nobody.reason.find("no face to compare") != std::string::npos);
    BOOST_TEST(nobody.similarity == 0);
}
