// Main loop of a stage that converts each input message to one output message.
#pragma once

#include <array>
#include <concepts>
#include <utility>

#include "base/clock.hpp"
#include "bus/stream.hpp"
#include "service/runtime.hpp"
#include "service/stream_metrics.hpp"

namespace facebus::service {

/// Stage whose process() converts an input message and its payload to an output message and its
/// payload. Stages use neither sockets nor a clock.
template <class S, class In, class Out>
concept StageOf = requires(S stage, const In& message, const Bytes& payload) {
    { stage.process(message, payload) } -> std::same_as<std::pair<Out, Bytes>>;
};

/// Runs a stage until a stop is requested. Receives `In` messages at the input of the service and
/// passes each to `stage`. Then calls `on_processed(item, output, output_payload)`, which can
/// update metrics of the stage; `item` is the input message with its payload. Finally adds the
/// timestamp of this stage to the output message and sends the message to the next stage. Requires:
/// the service has an input and a next stage in wire::stages.
template <class In, class Out, StageOf<In, Out> Stage, class OnProcessed>
void run_stage(Runtime& runtime, Stage& stage, OnProcessed&& on_processed) {
    const auto row = wire::index_of(runtime.service);
    auto input = runtime.bind_input(wire::stages.at(row));
    auto output = runtime.connect_input(wire::stages.at(row + 1));

    const bus::Poller poller(runtime.stop, runtime.heartbeat);
    bus::StreamReader<In> reader(input, [&](const Error& error) { runtime.count_error(error); });
    bus::StreamWriter writer(output, poller);
    StreamMetrics metrics(runtime.metrics, runtime.service);

    runtime.ready();
    while (poller.keep_running()) {
        // While the next stage does not accept a message of a lossless source, process only
        // messages of live sources.
        if (auto item = reader.poll(writer.flush())) {
            const auto start = metrics.start();
            auto [message, payload] = stage.process(item->message, item->payload);
            on_processed(*item, message, payload);
            message.head.t.all().at(row) = utc_ns();
            metrics.count(start, reader.dropped(), writer.dropped());
            if (!writer.send(message, payload)) return;
            continue;
        }
        const auto [live, lossless] = reader.interests();
        std::array interests{live, lossless, writer.interest()};
        if (!poller.wait(interests, -1)) return;
    }
}

/// Runs a stage that has no metrics of its own.
template <class In, class Out, StageOf<In, Out> Stage>
void run_stage(Runtime& runtime, Stage& stage) {
    run_stage<In, Out>(runtime, stage, [](const auto&, const auto&, const auto&) {});
}

}  // namespace facebus::service
