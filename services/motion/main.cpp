// facebus-motion: frames from capture, the parts worth searching to detect-align.
#include "base/clock.hpp"
#include "bus/stream.hpp"
#include "motion/motion_stage.hpp"
#include "service/runtime.hpp"
#include "service/stream_metrics.hpp"

namespace {

using namespace facebus;
using namespace facebus::motion;

void serve(service::Runtime& runtime) {
    const auto& settings = runtime.settings.motion;
    MotionStage stage({.enabled = settings.enabled,
                       .full_interval = settings.full_interval,
                       .linger = settings.linger,
                       .min_area = settings.min_area,
                       .margin = settings.margin});
    bus::Socket input(runtime.context, bus::Pattern::pull, bus::stream_options);
    input.bind(settings.input, "motion.input");
    bus::Socket output(runtime.context, bus::Pattern::push, bus::stream_options);
    output.connect(runtime.settings.detect.input, "detect.input");

    const bus::Poller poller(runtime.stop, runtime.pulse);
    bus::StreamReader<wire::Frame> reader(input, poller,
                                          [&](const Error& error) { runtime.count_error(error); });
    bus::StreamWriter writer(output, poller);
    service::StreamMetrics metrics(runtime.metrics, "motion");
    auto searched = runtime.metrics.counter("facebus_motion_searched_pixels_total",
                                            "Pixels handed on to be searched for faces");
    auto seen = runtime.metrics.counter("facebus_motion_pixels_total", "Pixels of all frames");

    runtime.ready();
    while (auto item = reader.next()) {
        const auto timer = metrics.time();
        auto [region, pixels] = stage.process(item->message, item->payload);
        seen.add(static_cast<double>(item->payload.size()) / channels);
        searched.add(static_cast<double>(pixels.size()) / channels);
        region.head.t["motion"] = utc_ns();
        metrics.count(timer, reader.dropped(), writer.dropped());
        if (!writer.send(region, pixels)) return;
    }
}

}  // namespace

int main(int argc, char** argv) {
    return facebus::service::run(
        "motion", argc, argv, [](const auto& settings) { return settings.motion.health; }, serve);
}
