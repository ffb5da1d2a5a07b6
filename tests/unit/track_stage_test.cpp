#include "track/track_stage.hpp"

#include <boost/test/unit_test.hpp>

using namespace facebus;
using namespace facebus::track;

namespace {

constexpr std::int64_t step = 200'000'000;

/// How often a track that is seen for so many frames tells that it goes on.
std::ptrdiff_t moves(double moved_every, int frames) {
    TrackStage stage(Options{.tracker = {.confirm = 1},
                             .publish_positions = moved_every == 0,
                             .heartbeat = moved_every},
                     "test");
    const auto crop = Bytes::take(std::vector<std::byte>(crop_bytes));
    std::ptrdiff_t count = 0;
    for (int i = 0; i < frames; ++i) {
        wire::FaceItem face;
        face.box = {.x = 100, .y = 100, .width = 80, .height = 100};
        face.quality.overall = 0.9F;
        const wire::Face frame{
            .head = {.src = "door"}, .stream = {.pts = i * step, .live = true}, .faces = {face}};
        for (const auto& event : stage.process(frame, crop).before) {
            count += event.event == wire::TrackEvent::moved ? 1 : 0;
        }
    }
    return count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_track_that_goes_on_says_so_every_few_seconds) {
    // 20 s, of which the first tells that it started.
    BOOST_TEST(moves(5, 101) == 4);
    BOOST_TEST(moves(1000, 101) == 0);
}

BOOST_AUTO_TEST_CASE(a_track_that_is_to_tell_of_every_frame_does) {
    BOOST_TEST(moves(0, 101) == 100);
}
