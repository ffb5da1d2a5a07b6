// Tests which face of a photo is enrolled.
#include <boost/test/unit_test.hpp>

#include "enrolment/enroller.hpp"

using namespace facebus;

namespace {

constexpr int width = 400;
constexpr int height = 300;

/// Returns a face whose box has this centre and size. The distance between its eyes is 0.4 times
/// the size.
vision::Sighting face(float x, float y, float size) {
    vision::Sighting sighting;
    sighting.box = {x - size / 2, y - size / 2, size, size};
    sighting.landmarks[0] = {x - size * 0.2F, y};
    sighting.landmarks[1] = {x + size * 0.2F, y};
    return sighting;
}

/// Returns the sizes of the prominent faces.
std::vector<float> prominent(const std::vector<vision::Sighting>& faces) {
    std::vector<float> sizes;
    for (const auto& found : enrolment::prominent_faces(faces, width, height)) {
        sizes.push_back(found.box.width);
    }
    return sizes;
}

using Sizes = std::vector<float>;

}  // namespace

BOOST_AUTO_TEST_CASE(a_large_face_in_the_centre_is_the_only_prominent_one) {
    BOOST_TEST(prominent({face(80, 80, 70), face(200, 150, 100)}) == Sizes{100},
               boost::test_tools::per_element());
    BOOST_TEST(prominent({}).empty());
}

BOOST_AUTO_TEST_CASE(a_second_face_of_more_than_half_the_area_is_prominent) {
    BOOST_TEST(prominent({face(80, 80, 72), face(200, 150, 100)}) == (Sizes{100, 72}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_second_face_that_the_border_cuts_off_is_in_the_background_up_to_0_8) {
    BOOST_TEST(prominent({face(20, 150, 88), face(200, 150, 100)}) == Sizes{100},
               boost::test_tools::per_element());
    BOOST_TEST(prominent({face(200, 290, 88), face(200, 150, 100)}) == Sizes{100},
               boost::test_tools::per_element());
    BOOST_TEST(prominent({face(20, 150, 92), face(200, 150, 100)}) == (Sizes{100, 92}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(outside_the_centre_a_face_must_be_three_times_as_large) {
    BOOST_TEST(prominent({face(300, 80, 50), face(100, 150, 100)}) == (Sizes{100, 50}),
               boost::test_tools::per_element());
    BOOST_TEST(prominent({face(300, 80, 33), face(100, 150, 100)}) == Sizes{100},
               boost::test_tools::per_element());
}
