// Tests of the edge stages motion, detect-align and track. Calls them directly, without processes
// or sockets, mostly with frames that show a real photograph.
#include <boost/test/unit_test.hpp>

#include "detect-align/detect_stage.hpp"
#include "motion/motion_stage.hpp"
#include "support/example_messages.hpp"
#include "support/models.hpp"
#include "track/track_stage.hpp"
#include "vision/image/image_file.hpp"
#include "wire/codec.hpp"

using namespace facebus;
using test::SkipWithoutModels;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutModels);

namespace {

Image photograph() {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(test::models() / "demo/photos/joe_biden")) {
        if (auto image = vision::read_image(entry.path())) return *image;
    }
    BOOST_FAIL("no photograph; run models/prepare");
    return {};
}

wire::Frame frame(const Image& image, std::int64_t pts) {
    return {.head = {.src = "door", .ts = 1},
            .stream = {.pts = pts},
            .width = image.width,
            .height = image.height};
}

wire::Frame end() {
    return {.head = {.src = "door"}, .stream = {.end = true}};
}

struct Edge {
    motion::MotionStage motion{vision::MotionOptions{}};
    detect_align::DetectStage detect{test::models(), vision::DetectorOptions{.min_face = 80}};
    track::TrackStage track{track::Options{.publish_positions = true}, "test"};

    track::TrackOutput process(const wire::Frame& message, const Bytes& pixels) {
        const auto [region, areas] = motion.process(message, pixels);
        BOOST_REQUIRE(wire::decode<wire::Region>(wire::encode(region), areas.size()));
        const auto [face, crops] = detect.process(region, areas);
        BOOST_REQUIRE(wire::decode<wire::Face>(wire::encode(face), crops.size()));
        return track.process(face, crops);
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_face_becomes_a_track_that_sends_a_probe_and_ends_with_the_stream) {
    const auto image = photograph();
    Edge edge;
    const auto first = edge.process(frame(image, 0), image.pixels);
    BOOST_TEST(first.probes.empty());
    const auto second = edge.process(frame(image, 1'000'000'000), image.pixels);
    BOOST_REQUIRE(second.probes.size() == 1U);
    const auto& probe = second.probes.front();
    BOOST_TEST(probe.message.track == "door-test-1-1");
    BOOST_TEST(probe.message.probe == "door-test-1-1/0001");
    BOOST_REQUIRE(wire::decode<wire::Probe>(wire::encode(probe.message), probe.pixels.size()));
    BOOST_REQUIRE(!second.before.empty());
    BOOST_TEST((second.before.front().event == wire::TrackEvent::started));

    const auto last = edge.process(end(), {});
    BOOST_REQUIRE(last.after.size() == 2U);
    BOOST_TEST((last.after[0].event == wire::TrackEvent::ended));
    BOOST_TEST(last.after[0].track == "door-test-1-1");
    BOOST_TEST((last.after[1].event == wire::TrackEvent::end));
}

BOOST_AUTO_TEST_CASE(track_ids_of_consecutive_streams_of_a_camera_differ) {
    const auto image = photograph();
    Edge edge;
    const auto track = [&] {
        edge.process(frame(image, 0), image.pixels);
        const auto output = edge.process(frame(image, 1'000'000'000), image.pixels);
        edge.process(end(), {});
        return output.probes.at(0).message.track;
    };
    BOOST_TEST(track() != track());
}

BOOST_AUTO_TEST_CASE(the_box_of_a_face_in_an_area_is_in_coordinates_of_the_frame) {
    const auto image = photograph();
    detect_align::DetectStage detect(test::models(), vision::DetectorOptions{.min_face = 80});
    const auto region_of = [&](const Area& area) {
        return wire::Region{.head = {.src = "door"},
                            .frame_width = image.width,
                            .frame_height = image.height,
                            .areas = {area}};
    };
    const Area whole{0, 0, image.width, image.height};
    const auto all = detect.process(region_of(whole), image.pixels).first;
    BOOST_REQUIRE(!all.faces.empty());
    const auto box = all.faces[0].box;
    const auto margin = box.width;
    const auto left = std::max(0, static_cast<int>(box.x - margin));
    const auto top = std::max(0, static_cast<int>(box.y - margin));
    const Area part{left, top,
                    std::min(image.width - left, static_cast<int>(box.width + 2 * margin)),
                    std::min(image.height - top, static_cast<int>(box.height + 2 * margin))};
    const auto cut = vision::copy_area(image, part);
    const auto again = detect.process(region_of(part), cut.pixels).first;
    BOOST_REQUIRE(!again.faces.empty());
    BOOST_TEST(iou(again.faces[0].box, box) > 0.8F);
}

BOOST_AUTO_TEST_CASE(forwards_frames_without_faces) {
    const Image grey{64, 48, Bytes::take(std::vector<std::byte>(64 * 48 * 3, std::byte{127}))};
    motion::MotionStage motion{vision::MotionOptions{}};
    detect_align::DetectStage detect(test::models(), vision::DetectorOptions{.min_face = 20});
    const auto [region, areas] = motion.process(frame(grey, 0), grey.pixels);
    BOOST_REQUIRE(region.areas.size() == 1U);
    BOOST_TEST((region.areas[0] == Area{0, 0, 64, 48}));
    const auto [face, crops] = detect.process(region, areas);
    BOOST_TEST(face.faces.empty());
    BOOST_TEST(crops.empty());
    BOOST_TEST(face.head.src == "door");
}

BOOST_AUTO_TEST_CASE(skips_faces_that_lie_only_partly_inside_an_area) {
    const auto image = photograph();
    detect_align::DetectStage detect(test::models(), vision::DetectorOptions{.min_face = 80});
    const wire::Region whole{.head = {.src = "door"},
                             .frame_width = image.width,
                             .frame_height = image.height,
                             .areas = {{0, 0, image.width, image.height}}};
    const auto all = detect.process(whole, image.pixels).first;
    BOOST_REQUIRE(!all.faces.empty());
    // The area contains only the left four fifths of the face.
    const auto box = all.faces[0].box;
    auto cut = whole;
    cut.areas = {{0, 0, static_cast<int>(box.x + box.width * 0.8F), image.height}};
    const auto part = vision::copy_area(image, cut.areas[0]);
    for (const auto& face : detect.process(cut, part.pixels).first.faces) {
        BOOST_TEST(iou(face.box, box) < 0.3F);
    }
}

BOOST_AUTO_TEST_CASE(detects_a_motionless_face_about_once_per_second) {
    const auto image = photograph();
    motion::MotionStage motion{vision::MotionOptions{}};
    detect_align::DetectStage detect(test::models(), vision::DetectorOptions{.min_face = 80});
    constexpr std::int64_t second = 1'000'000'000;
    std::int64_t last_detection = 0;
    std::size_t searched = 0;
    for (std::int64_t pts = 0; pts <= 10 * second; pts += second / 5) {
        const auto [region, pixels] = motion.process(frame(image, pts), image.pixels);
        searched += region.areas.size();
        if (!detect.process(region, pixels).first.faces.empty()) last_detection = pts;
        BOOST_TEST(pts - last_detection <= second);
    }
    BOOST_TEST(searched < 15U, searched << " areas of a still scene searched in ten seconds");
}

BOOST_AUTO_TEST_CASE(searches_the_whole_first_frame_of_each_stream_of_a_camera) {
    const Image grey{64, 48, Bytes::take(std::vector<std::byte>(64 * 48 * 3, std::byte{127}))};
    motion::MotionStage motion{vision::MotionOptions{}};
    const auto searched = [&](const std::string& stream) {
        auto message = frame(grey, 0);
        message.stream.id = stream;
        return !motion.process(message, grey.pixels).first.areas.empty();
    };
    BOOST_TEST(searched("1"));
    BOOST_TEST(!searched("1"));
    BOOST_TEST(searched("2"));  // without an `end` of the stream "1"
}

BOOST_AUTO_TEST_CASE(spreads_the_full_frame_searches_of_cameras_over_time) {
    const Image grey{64, 48, Bytes::take(std::vector<std::byte>(64 * 48 * 3, std::byte{127}))};
    motion::MotionStage motion{vision::MotionOptions{}};
    constexpr std::int64_t second = 1'000'000'000;
    std::map<std::string, int> searches;
    for (std::int64_t pts = second / 25; pts <= 4 * second; pts += second / 25) {
        int whole = 0;
        for (const std::string camera : {"door", "hall", "yard"}) {
            auto message = frame(grey, pts);
            message.head.src = camera;
            const auto areas = motion.process(message, grey.pixels).first.areas.size();
            whole += static_cast<int>(areas);
            searches[camera] += static_cast<int>(areas);
        }
        // The first frame of each camera is always searched.
        BOOST_TEST(whole <= (pts == second / 25 ? 3 : 1));
    }
    for (const auto& [camera, times] : searches) {
        BOOST_TEST(times >= 4, camera << " was searched " << times << " times in four seconds");
        BOOST_TEST(times <= 5, camera << " was searched " << times << " times in four seconds");
    }
}
