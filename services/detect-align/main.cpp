// facebus-detect-align: regions from motion, aligned faces to track.
#include "base/clock.hpp"
#include "bus/stream.hpp"
#include "detect-align/detect_stage.hpp"
#include "detector_settings.hpp"
#include "service/runtime.hpp"
#include "service/stream_metrics.hpp"
#include "vision/network/threads.hpp"

namespace {

using namespace facebus;
using namespace facebus::detect_align;

void serve(service::Runtime& runtime) {
    const auto& settings = runtime.settings.detect;
    vision::use_threads(runtime.settings.threads);
    DetectStage stage(runtime.models, detector_options(settings));
    bus::Socket input(runtime.context, bus::Pattern::pull, bus::stream_options);
    input.bind(settings.input, "detect.input");
    bus::Socket output(runtime.context, bus::Pattern::push, bus::stream_options);
    output.connect(runtime.settings.track.input, "track.input");

    const bus::Poller poller(runtime.stop, runtime.pulse);
    bus::StreamReader<wire::Region> reader(input, poller,
                                           [&](const Error& error) { runtime.count_error(error); });
    bus::StreamWriter writer(output, poller);
    service::StreamMetrics metrics(runtime.metrics, "detect-align");

    runtime.ready();
    while (auto item = reader.next()) {
        const auto timer = metrics.time();
        auto [face, crops] = stage.process(item->message, item->payload);
        // The cameras are those of this machine's capture, so their number is bounded.
        runtime.metrics.counter("facebus_faces_total", "Faces found", {{"camera", face.head.src}})
            .add(static_cast<double>(face.faces.size()));
        face.head.t["detect"] = utc_ns();
        metrics.count(timer, reader.dropped(), writer.dropped());
        if (!writer.send(face, crops)) return;
    }
}

}  // namespace

int main(int argc, char** argv) {
    return facebus::service::run(
        "detect-align", argc, argv, [](const auto& settings) { return settings.detect.health; },
        serve);
}
