// Tests of the motion gate and of scene cuts.
#include <algorithm>

#include <boost/test/unit_test.hpp>

#include "support/images.hpp"
#include "vision/motion/motion_gate.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

constexpr std::int64_t frame = 40'000'000;  // ns per frame
constexpr int width = 1280;
constexpr int height = 720;

/// Returns the image of an empty room: a texture that depends only on `seed`.
cv::Mat room(unsigned seed = 5) {
    cv::Mat out;
    cv::resize(test::texture(64, seed), out, {width, height}, 0, 0, cv::INTER_CUBIC);
    return out;
}

Image with_square(int x, int y, int side = 80) {
    cv::Mat out = room();
    cv::rectangle(out, {x, y, side, side}, {240, 240, 240}, cv::FILLED);
    return test::image_of(out);
}

bool any_contains(const std::vector<Area>& areas, int x, int y) {
    return std::any_of(areas.begin(), areas.end(), [&](const Area& a) {
        return x >= a.x && x < a.x + a.width && y >= a.y && y < a.y + a.height;
    });
}

/// Options without the periodic search of the whole frame. Areas then result only from motion, the
/// first frame, scene cuts and changes of the frame size.
const MotionOptions no_periodic_search{.full_interval = 1e6};

}  // namespace

BOOST_AUTO_TEST_CASE(searches_the_whole_of_the_first_frame) {
    MotionGate gate({});
    const auto result = gate.process(test::image_of(room()), 0);
    BOOST_TEST(result.full);
    BOOST_TEST(!result.scene_cut);
    BOOST_REQUIRE(result.areas.size() == 1U);
    BOOST_TEST((result.areas[0] == Area{0, 0, width, height}));
}

BOOST_AUTO_TEST_CASE(searches_nothing_if_nothing_moves) {
    MotionGate gate(no_periodic_search);
    for (int i = 0; i < 20; ++i) {
        const auto result = gate.process(test::image_of(room()), i * frame);
        if (i > 0) BOOST_TEST(result.areas.empty());
    }
}

BOOST_AUTO_TEST_CASE(sensor_noise_is_not_motion) {
    MotionGate gate(no_periodic_search);
    cv::RNG random(7);
    for (int i = 0; i < 10; ++i) {
        cv::Mat noise(height, width, CV_16SC3);
        random.fill(noise, cv::RNG::NORMAL, 0, 8);
        cv::Mat noisy;
        cv::add(room(), noise, noisy, cv::noArray(), CV_8U);
        const auto result = gate.process(test::image_of(noisy), i * frame);
        if (i > 0) BOOST_TEST(result.areas.empty());
    }
}

BOOST_AUTO_TEST_CASE(searches_a_moving_square_with_a_margin) {
    MotionGate gate(no_periodic_search);
    gate.process(test::image_of(room()), 0);
    for (int i = 1; i < 10; ++i) {
        const int x = 200 + 12 * i;
        const auto result = gate.process(with_square(x, 300), i * frame);
        BOOST_TEST(!result.full);
        BOOST_TEST(any_contains(result.areas, x - 40, 260));
        BOOST_TEST(any_contains(result.areas, x + 119, 419));
        BOOST_TEST(!any_contains(result.areas, 1000, 100));
    }
}

BOOST_AUTO_TEST_CASE(areas_lie_inside_the_frame_and_do_not_overlap) {
    MotionGate gate(no_periodic_search);
    gate.process(test::image_of(room()), 0);
    for (int i = 1; i < 20; ++i) {
        cv::Mat canvas = room();
        for (int k = 0; k < 4; ++k)
            cv::rectangle(canvas, {(k * 331 + i * 17) % 1300 - 30, (k * 197 + i * 5) % 700, 60, 60},
                          {250, 250, 250}, cv::FILLED);
        const auto areas = gate.process(test::image_of(canvas), i * frame).areas;
        for (std::size_t a = 0; a < areas.size(); ++a) {
            const cv::Rect one(areas[a].x, areas[a].y, areas[a].width, areas[a].height);
            BOOST_TEST(((one & cv::Rect(0, 0, width, height)) == one));
            BOOST_TEST(!one.empty());
            for (std::size_t b = 0; b < a; ++b)
                BOOST_TEST((one & cv::Rect(areas[b].x, areas[b].y, areas[b].width, areas[b].height))
                               .empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(ignores_motion_smaller_than_min_area) {
    MotionGate gate({.full_interval = 1e6, .min_area = 3000});
    gate.process(test::image_of(room()), 0);
    for (int i = 1; i < 5; ++i)
        BOOST_TEST(gate.process(with_square(300 + 4 * i, 300, 24), i * frame).areas.empty());
}

BOOST_AUTO_TEST_CASE(keeps_searching_an_area_after_its_last_motion) {
    MotionGate gate({.full_interval = 1e6, .linger = 0.5});
    gate.process(test::image_of(room()), 0);
    gate.process(with_square(300, 300), frame);
    gate.process(test::image_of(room()), 2 * frame);  // last motion
    BOOST_TEST(any_contains(gate.process(test::image_of(room()), 12 * frame).areas, 340, 340));
    BOOST_TEST(gate.process(test::image_of(room()), 40 * frame).areas.empty());
}

BOOST_AUTO_TEST_CASE(searches_the_whole_frame_once_per_interval) {
    MotionGate gate({.full_interval = 1.0});
    std::vector<int> full;
    for (int i = 0; i < 76; ++i)
        if (gate.process(test::image_of(room()), i * frame).full) full.push_back(i);
    BOOST_TEST((full == std::vector<int>{0, 25, 50, 75}));
}

BOOST_AUTO_TEST_CASE(searches_the_whole_of_every_frame_if_motion_gating_is_disabled) {
    MotionGate gate({.enabled = false});
    for (int i = 0; i < 5; ++i) BOOST_TEST(gate.process(test::image_of(room()), i * frame).full);
}

BOOST_AUTO_TEST_CASE(reports_a_scene_cut_and_searches_the_whole_frame) {
    MotionGate gate(no_periodic_search);
    for (int i = 0; i < 5; ++i) gate.process(test::image_of(room()), i * frame);
    const auto result = gate.process(test::image_of(room(77)), 5 * frame);
    BOOST_TEST(result.scene_cut);
    BOOST_TEST(result.full);
}

BOOST_AUTO_TEST_CASE(searches_whole_frames_of_a_new_scene_only_for_a_while) {
    MotionGate gate(no_periodic_search);
    gate.process(test::image_of(room()), 0);
    gate.process(test::image_of(room(77)), frame);
    const auto soon = gate.process(test::image_of(room(77)), 2 * frame);
    BOOST_TEST(!soon.scene_cut);
    BOOST_TEST(soon.full);
    const auto later = gate.process(test::image_of(room(77)), 2'000'000'000);
    BOOST_TEST(later.areas.empty());
}

BOOST_AUTO_TEST_CASE(turning_on_the_lights_is_a_scene_cut) {
    MotionGate gate(no_periodic_search);
    gate.process(test::image_of(room() * 0.25), 0);
    BOOST_TEST(gate.process(test::image_of(room()), frame).scene_cut);
}

BOOST_AUTO_TEST_CASE(a_slow_change_of_brightness_is_neither_a_scene_cut_nor_motion) {
    MotionGate gate(no_periodic_search);
    for (int i = 0; i < 20; ++i) {
        cv::Mat brighter;
        room().convertTo(brighter, -1, 0.5, 10 + 5 * i);
        const auto result = gate.process(test::image_of(brighter), i * frame);
        BOOST_TEST(!result.scene_cut);
        if (i > 0) BOOST_TEST(result.areas.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_large_moving_object_is_not_a_scene_cut) {
    MotionGate gate(no_periodic_search);
    for (int i = 0; i < 15; ++i)
        BOOST_TEST(!gate.process(with_square(40 * i, 100, 500), i * frame).scene_cut);
}

BOOST_AUTO_TEST_CASE(searches_the_whole_frame_if_most_of_it_moves) {
    MotionGate gate(no_periodic_search);
    gate.process(with_square(0, 0, 10), 0);
    bool full = false;
    for (int i = 1; i < 20; ++i) full = gate.process(with_square(50 * i, 60, 600), i * frame).full;
    BOOST_TEST(full);
}

BOOST_AUTO_TEST_CASE(a_change_of_the_frame_size_restarts_the_background_model) {
    MotionGate gate(no_periodic_search);
    gate.process(test::image_of(room()), 0);
    const auto result = gate.process(test::flat(640, 360, {9, 9, 9}), frame);
    BOOST_TEST(result.full);
    BOOST_TEST((result.areas.at(0) == Area{0, 0, 640, 360}));
}

BOOST_AUTO_TEST_CASE(copies_the_pixels_of_an_area) {
    const Image whole = test::image_of(room());
    const Area area{100, 50, 33, 21};
    const Image part = copy_area(whole, area);
    BOOST_TEST(part.width == 33);
    BOOST_TEST(part.height == 21);
    BOOST_TEST(cv::norm(test::mat_of(whole)(cv::Rect(100, 50, 33, 21)), test::mat_of(part),
                        cv::NORM_INF) == 0);
}
