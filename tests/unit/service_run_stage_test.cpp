// Tests run_stage() over real sockets.
#include <atomic>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "service/run_stage.hpp"
#include "support/example_messages.hpp"
#include "support/runtime.hpp"

using namespace facebus;

namespace {

/// Stage that requests a stop when it processes its third message. It ends each call only when
/// further messages were sent.
struct StoppingStage {
    Stop& stop;
    const std::atomic<int>& sent;
    int processed = 0;

    std::pair<wire::Region, Bytes> process(const wire::Frame& frame, const Bytes& /*pixels*/) {
        if (++processed == 3) stop.request();
        while (sent < processed + 3) std::this_thread::yield();
        auto region = examples::region();
        region.areas.clear();
        region.head = frame.head;
        region.stream = frame.stream;
        return {region, Bytes()};
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(stops_on_request_although_more_messages_are_waiting) {
    test::TestRuntime system("motion");
    system.common.stages["motion"].input = system.endpoint("motion");
    system.common.stages["detect"].input = system.endpoint("detect");
    bus::Socket next(system.context, bus::SocketType::pull, bus::stream_options);
    next.bind(system.endpoint("detect"), "detect.input");
    std::atomic<int> sent = 0;
    StoppingStage stage{system.stop, sent};
    std::jthread sender([&](const std::stop_token& finished) {
        bus::Socket output(system.context, bus::SocketType::push, bus::stream_options);
        output.connect(system.endpoint("motion"), "motion.input");
        auto frame = examples::frame();
        frame.stream.live = false;
        const auto pixels = Bytes::take(std::vector<std::byte>(24));
        while (!finished.stop_requested()) {
            if (output.try_send({wire::topic(frame), wire::encode(frame), pixels})) ++sent;
            while (auto received = next.try_receive()) {
                if (!*received) break;
            }
        }
    });
    service::run_stage<wire::Frame, wire::Region>(system.runtime, stage);
    BOOST_TEST(stage.processed == 3);
}
