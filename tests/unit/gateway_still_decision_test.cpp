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
    BOOST_TEST(known.threshold == 0.6F);
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
}

BOOST_AUTO_TEST_CASE(face_of_low_quality_is_undecided) {
    const auto poor = decide(0.9F, 0.1F, 0.1F);
    BOOST_TEST((poor.verdict == Verdict::undecided));
    BOOST_TEST(poor.reason.find("quality") != std::string::npos);
    BOOST_TEST((decide(0.1F, 0.1F, 0.1F).verdict == Verdict::undecided));
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

BOOST_AUTO_TEST_CASE(good_face_is_unknown_if_the_gallery_is_empty) {
    const auto nobody = decide_still(test::probe("", test::axis(0), 0.9F), {}, 0, policy);
    BOOST_TEST((nobody.verdict == Verdict::unknown));
    BOOST_TEST(nobody.reason.find("no face to compare") != std::string::npos);
    BOOST_TEST(nobody.similarity == 0);
}
