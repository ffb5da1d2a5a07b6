// Tests the line charts that are drawn as SVG.
#include <cmath>
#include <string>

#include <boost/test/unit_test.hpp>

#include "cli/evaluation/chart.hpp"

using namespace facebus;
using namespace facebus::cli;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto position = text.find(part); position != std::string::npos;
         position = text.find(part, position + 1)) {
        ++found;
    }
    return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(draws_every_line_and_adds_a_legend_if_there_are_several_lines) {
    const Axis axis{"share", 0, 1, false};
    const auto two = chart("Title", axis, axis, {{"one", {{0, 0}, {1, 1}}}, {"two", {{0, 1}}}});
    BOOST_TEST(count(two, "<polyline") == 2U);
    BOOST_TEST(count(two, ">one</text>") == 1U);
    BOOST_TEST(count(two, ">Title</text>") == 1U);
    BOOST_TEST(count(two, ">0</text>") == 2U);  // the low end of both axes, not written as -0
    // The line {0, 0} to {1, 1} goes from the lower left to the upper right corner of the plot.
    BOOST_TEST(count(two, "points=\"70.0,380.0 620.0,40.0 \"") == 1U);
    const auto one = chart("Title", axis, axis, {{"one", {{0, 0}}}});
    BOOST_TEST(count(one, ">one</text>") == 0U);
}

BOOST_AUTO_TEST_CASE(marks_each_power_of_ten_on_a_logarithmic_axis_and_draws_zero_at_its_low_end) {
    const auto svg = chart("T", {"rate", 1e-4, 1, true}, {"share", 0, 1, false},
                           {{"line", {{0, 0}, {1e-2, 0.5}}}});
    for (const char* mark : {">0.0001<", ">0.001<", ">0.01<", ">0.1<"}) {
        BOOST_TEST(count(svg, mark) >= 1U, mark);
    }
    BOOST_TEST(count(svg, "points=\"70.0,380.0 345.0,210.0 \"") == 1U);
}

BOOST_AUTO_TEST_CASE(escapes_title_and_labels_and_skips_points_that_are_not_finite) {
    const Axis axis{"a < b & c", 0, 1, false};
    const auto svg = chart("<script>", axis, axis, {{"x", {{std::nan(""), 0}, {INFINITY, 1}}}});
    BOOST_TEST(count(svg, "<script>") == 0U);
    BOOST_TEST(count(svg, "a &lt; b &amp; c") == 2U);
    BOOST_TEST(count(svg, "nan") + count(svg, "inf") == 0U);
}
