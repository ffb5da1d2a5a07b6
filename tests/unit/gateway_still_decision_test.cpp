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

StillDecision decide(float similarity, float next, float quality = 0.9F) {
    return decide_still(test::probe("", test::axis(0), quality),
                        {{"1", "Anna", similarity, {"s"}}, {"2", "Bert", next, {"t"}}}, 2, policy);
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_picture_takes_as_much_to_be_known_as_the_first_face_of_a_track) {
    const auto known = decide(0.61F, 0.1F);
    BOOST_TEST((known.verdict == Verdict::known));
    BOOST_TEST(known.reason.empty());
    BOOST_TEST(known.threshold == 0.6F);
    BOOST_TEST(known.similarity == 0.61F);
    BOOST_TEST((decide(0.59F, 0.1F).verdict == Verdict::undecided));
}

BOOST_AUTO_TEST_CASE(who_could_not_be_known_by_any_number_of_pictures_is_unknown) {
    const auto unknown = decide(0.49F, 0.1F);
    BOOST_TEST((unknown.verdict == Verdict::unknown));
    BOOST_TEST(unknown.reason.find("0.500") != std::string::npos);
    BOOST_TEST((decide(0.51F, 0.1F).verdict == Verdict::undecided));
}

BOOST_AUTO_TEST_CASE(a_small_lead_is_undecided_and_says_so) {
    const auto close = decide(0.8F, 0.78F);
    BOOST_TEST((close.verdict == Verdict::undecided));
    BOOST_TEST(close.reason.find("runner-up") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_poor_face_is_nobody_and_no_stranger_either) {
    const auto poor = decide(0.9F, 0.1F, 0.1F);
    BOOST_TEST((poor.verdict == Verdict::undecided));
    BOOST_TEST(poor.reason.find("quality") != std::string::npos);
    BOOST_TEST((decide(0.1F, 0.1F, 0.1F).verdict == Verdict::undecided));
}

BOOST_AUTO_TEST_CASE(who_is_not_to_be_reported_is_undecided_and_told_apart) {
    const auto decide_on = [](float similarity) {
        return decide_still(test::probe("", test::axis(0), 0.9F),
                            {{"1", "Anna", similarity, {"s"}, true}}, 1, policy);
    };
    for (const float similarity : {0.61F, 0.51F}) {
        BOOST_TEST(decide_on(similarity).ignored);
        BOOST_TEST((decide_on(similarity).verdict == Verdict::undecided));
        BOOST_TEST(decide_on(similarity).reason.find("not to be reported") != std::string::npos);
    }
    BOOST_TEST(!decide_on(0.49F).ignored);
    BOOST_TEST((decide_on(0.49F).verdict == Verdict::unknown));
}

BOOST_AUTO_TEST_CASE(in_an_empty_gallery_everybody_is_unknown) {
    const auto nobody = decide_still(test::probe("", test::axis(0), 0.9F), {}, 0, policy);
    BOOST_TEST((nobody.verdict == Verdict::unknown));
    BOOST_TEST(nobody.reason.find("empty") != std::string::npos);
    BOOST_TEST(nobody.similarity == 0);
}
