// Tests of non-maximum suppression and of the assignment of detections to tracks.
#include <boost/test/unit_test.hpp>

#include "vision/detect/nms.hpp"
#include "vision/track/assignment.hpp"

using namespace facebus::vision;

namespace {

Candidate box(double left, double top, double right, double bottom, float score) {
    Candidate out;
    out.left = left;
    out.top = top;
    out.right = right;
    out.bottom = bottom;
    out.score = score;
    return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(keeps_the_best_of_overlapping_boxes) {
    const auto kept =
        suppress({box(0, 0, 9, 9, 0.7F), box(1, 1, 10, 10, 0.9F), box(50, 50, 59, 59, 0.8F)}, 0.5,
                 Overlap::of_union);
    BOOST_REQUIRE(kept.size() == 2U);
    BOOST_TEST(kept[0].score == 0.9F);
    BOOST_TEST(kept[1].score == 0.8F);
}

BOOST_AUTO_TEST_CASE(suppresses_nested_boxes_if_overlap_is_relative_to_the_smaller_box) {
    const std::vector<Candidate> nested{box(0, 0, 99, 99, 0.9F), box(40, 40, 59, 59, 0.8F)};
    BOOST_TEST(suppress(nested, 0.7, Overlap::of_union).size() == 2U);
    BOOST_TEST(suppress(nested, 0.7, Overlap::of_smaller).size() == 1U);
}

BOOST_AUTO_TEST_CASE(keeps_the_last_of_overlapping_boxes_with_equal_scores) {
    const auto kept =
        suppress({box(0, 0, 9, 9, 0.5F), box(0, 0, 9, 9, 0.5F), box(0, 0, 9, 10, 0.5F)}, 0.5,
                 Overlap::of_union);
    BOOST_REQUIRE(kept.size() == 1U);
    BOOST_TEST(kept[0].bottom == 10);
}

BOOST_AUTO_TEST_CASE(makes_a_box_square_around_its_centre) {
    Candidate candidate = box(10, 10, 30, 50, 1);
    make_square(candidate);
    BOOST_TEST(candidate.left == 0);
    BOOST_TEST(candidate.top == 10);
    BOOST_TEST(candidate.right == 40);
    BOOST_TEST(candidate.bottom == 50);
}

BOOST_AUTO_TEST_CASE(finds_the_assignment_with_the_lowest_total_cost) {
    // A greedy choice of the cheapest pair, (0, 0), would cost 1 + 100 in total.
    CostTable costs(2, 2);
    costs.at(0, 0) = 1;
    costs.at(0, 1) = 2;
    costs.at(1, 0) = 2;
    costs.at(1, 1) = 100;
    const auto column = assign(costs);
    BOOST_TEST((column[0] == 1U));
    BOOST_TEST((column[1] == 0U));
}

BOOST_AUTO_TEST_CASE(never_assigns_pairs_without_a_cost) {
    CostTable costs(3, 2);
    costs.at(0, 0) = 5;
    costs.at(1, 0) = 1;
    const auto column = assign(costs);
    BOOST_TEST(!column[0].has_value());
    BOOST_TEST((column[1] == 0U));
    BOOST_TEST(!column[2].has_value());
}

BOOST_AUTO_TEST_CASE(prefers_more_pairs_over_cheaper_pairs) {
    CostTable costs(2, 2);
    costs.at(0, 0) = 1;
    costs.at(0, 1) = 900;
    costs.at(1, 0) = 900;
    const auto column = assign(costs);
    BOOST_TEST((column[0] == 1U));
    BOOST_TEST((column[1] == 0U));
}

BOOST_AUTO_TEST_CASE(assigns_nothing_if_the_table_is_empty) {
    BOOST_TEST(assign(CostTable(0, 0)).empty());
    BOOST_TEST(assign(CostTable(0, 3)).empty());
    BOOST_TEST(assign(CostTable(2, 0)).size() == 2U);
}
