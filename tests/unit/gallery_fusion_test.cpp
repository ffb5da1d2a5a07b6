// Tests of the fusion of probes.
#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/test/unit_test.hpp>

#include "gallery/decide/fusion.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::face;
using facebus::test::probe;

BOOST_AUTO_TEST_CASE(template_of_one_probe_is_its_embedding) {
    const Embedding only = face(1);
    BOOST_TEST(similarity(fuse({probe("a", only, 0.4F)}), only) > 0.99999F);
}

BOOST_AUTO_TEST_CASE(weight_of_a_probe_is_proportional_to_its_quality) {
    const Embedding fused = fuse({probe("a", axis(0), 0.75F), probe("b", axis(1), 0.25F)});
    BOOST_TEST(fused[0] == 3 * fused[1], boost::test_tools::tolerance(1e-5F));
    BOOST_TEST(similarity(fused, fused) == 1.0F, boost::test_tools::tolerance(1e-5F));
}

BOOST_AUTO_TEST_CASE(fusion_is_independent_of_the_order_of_probes) {
    // The probes of high quality cancel out. Rounding errors are thus visible in the small sum of
    // the others.
    Embedding opposite = face(1);
    for (float& value : opposite) value = -value;
    std::vector<Probe> probes{probe("0", face(1), 0.9F), probe("1", face(2), 1e-13F),
                              probe("2", opposite, 0.9F), probe("3", face(3), 3e-13F),
                              probe("4", face(4), 0.7e-13F)};
    const Embedding first = fuse(probes);
    std::mt19937 random(7);
    for (int round = 0; round < 50; ++round) {
        std::shuffle(probes.begin(), probes.end(), random);
        BOOST_TEST((fuse(probes) == first));
    }
}

BOOST_AUTO_TEST_CASE(fusion_is_independent_of_the_order_of_probes_with_equal_ids) {
    const std::vector<Probe> probes{probe("a", face(1), 0.3F), probe("a", face(2), 0.3F),
                                    probe("a", face(3), 0.7F)};
    BOOST_TEST((fuse(probes) == fuse({probes[2], probes[1], probes[0]})));
    BOOST_TEST((fuse(probes) == fuse({probes[1], probes[2], probes[0]})));
}

BOOST_AUTO_TEST_CASE(probes_have_equal_weight_if_none_has_a_positive_quality) {
    const Embedding fused = fuse({probe("a", axis(0), 0), probe("b", axis(1), 0)});
    BOOST_TEST(fused[0] == fused[1]);
    BOOST_TEST(fused[0] == std::sqrt(0.5F), boost::test_tools::tolerance(1e-5F));
}

BOOST_AUTO_TEST_CASE(probes_of_invalid_quality_have_no_weight) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinity = std::numeric_limits<float>::infinity();
    const Embedding fused = fuse({probe("a", axis(0), nan), probe("b", axis(1), 0.5F),
                                  probe("c", axis(2), -1), probe("d", axis(3), infinity)});
    BOOST_TEST((fused == axis(1)));
}

BOOST_AUTO_TEST_CASE(opposite_probes_fuse_to_zero) {
    Embedding opposite = axis(0);
    opposite[0] = -1;
    const Embedding fused = fuse({probe("a", axis(0), 0.5F), probe("b", opposite, 0.5F)});
    BOOST_TEST((fused == Embedding{}));
}
