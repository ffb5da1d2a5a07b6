// Tests how often TrackStage publishes `moved` events.
#include "track/track_stage.hpp"

#include <boost/test/unit_test.hpp>

using namespace facebus;
using namespace facebus::track;

namespace {

constexpr std::int64_t step = 200'000'000;  // time between frames in ns

/// Returns the number of `moved` events of a track that is visible for `frames` frames.
/// `heartbeat`: interval of `moved` events in seconds; 0: publish every position.
std::ptrdiff_t count_moved_events(double heartbeat, int frames) {
    TrackStage stage(
        Options{
            .tracker = {.confirm = 1}, .publish_positions = heartbeat == 0, .heartbeat = heartbeat},
        "test");
    const auto crop = Bytes::take(std::vector<std::byte>(crop_bytes));
    std::ptrdiff_t count = 0;
    for (int i = 0; i < frames; ++i) {
        wire::FaceItem face;
        face.box = {.x = 100, .y = 100, .width = 80, .height = 100};
        face.quality = {.detector = 0.99F, .overall = 0.9F};
        const wire::Face frame{
            .head = {.src = "door"}, .stream = {.pts = i * step, .live = true}, .faces = {face}};
        for (const auto& event : stage.process(frame, crop).before) {
            count += event.event == wire::TrackEvent::moved ? 1 : 0;
        }
    }
    return count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(publishes_one_moved_event_per_heartbeat) {
    // The track lasts 20 s. `moved` is due 5, 10, 15 and 20 s after `started`.
    BOOST_TEST(count_moved_events(5, 101) == 4);
    BOOST_TEST(count_moved_events(1000, 101) == 0);
}

BOOST_AUTO_TEST_CASE(the_tracks_of_a_stream_without_an_end_end_when_the_next_stream_begins) {
    TrackStage stage(Options{.tracker = {.confirm = 1}}, "test");
    const auto process = [&](const std::string& stream) {
        wire::FaceItem face;
        face.box = {.x = 100, .y = 100, .width = 80, .height = 100};
        face.quality = {.detector = 0.99F, .overall = 0.9F};
        return stage.process(
            {.head = {.src = "door"}, .stream = {.live = true, .id = stream}, .faces = {face}},
            Bytes::take(std::vector<std::byte>(crop_bytes)));
    };
    const auto first = process("a").before.at(0);
    BOOST_TEST(first.stream.value() == "a");
    const auto next = process("b");
    BOOST_REQUIRE(next.after.size() == 1U);
    BOOST_TEST((next.after[0].event == wire::TrackEvent::ended));
    BOOST_TEST(next.after[0].track == first.track);
    BOOST_TEST(next.after[0].stream.value() == "a");
    BOOST_TEST(next.before.at(0).track != first.track);
    BOOST_TEST(next.before.at(0).stream.value() == "b");
}

BOOST_AUTO_TEST_CASE(the_id_of_an_end_depends_on_the_stream_but_not_on_the_run_of_the_stage) {
    const auto end = [](const std::string& stream, std::uint64_t seq) {
        TrackStage stage(Options{}, "test");
        auto event =
            stage.process({.head = {.src = "door"}, .stream = {.end = true, .id = stream}}, Bytes())
                .after.at(0);
        event.head.seq = seq;
        return event.ref();
    };
    BOOST_TEST(end("a", 1) != end("b", 1));
    BOOST_TEST(end("a", 1) == end("a", 2));
}

BOOST_AUTO_TEST_CASE(publishes_every_position_if_configured) {
    BOOST_TEST(count_moved_events(0, 101) == 100);
}
