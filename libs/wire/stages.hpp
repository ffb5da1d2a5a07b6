// Table of the stages of the pipeline. It determines timestamps, latency reports, default addresses
// and the stages that the demo starts. Tests verify that the Compose, Kubernetes, systemd and
// Prometheus files agree with it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace facebus::wire {

/// Part of the system in which a process runs.
enum class Machine { edge, server };

/// One process of the pipeline. Each edge stage sends its messages to the next stage of the table.
struct Stage {
    std::string_view process;  ///< name of the process; its program is facebus-<process>
    /// Section of facebus.yaml. For an edge stage also the key of its timestamp.
    std::string_view section;
    Machine machine{};
    std::string_view input;     ///< main kind of message that it receives; empty: none
    std::string_view output;    ///< main kind of message that it sends; empty: none
    std::string_view endpoint;  ///< default of the key <section>.input; empty: no such key
    std::string_view health;    ///< default of the key <section>.health
};

inline constexpr std::array stages{
    Stage{"capture", "capture", Machine::edge, "", "frame", "", "127.0.0.1:9101"},
    Stage{"motion", "motion", Machine::edge, "frame", "region", "ipc:///run/facebus/motion.sock",
          "127.0.0.1:9102"},
    Stage{"detect-align", "detect", Machine::edge, "region", "face",
          "ipc:///run/facebus/detect.sock", "127.0.0.1:9103"},
    Stage{"track", "track", Machine::edge, "face", "probe", "ipc:///run/facebus/track.sock",
          "127.0.0.1:9104"},
    Stage{"broker", "broker", Machine::server, "probe", "identity", "", "127.0.0.1:9105"},
    Stage{"recognize", "recognize", Machine::server, "probe", "identity", "", "127.0.0.1:9106"},
    Stage{"gateway", "gateway", Machine::server, "identity", "", "", "127.0.0.1:9107"},
};

/// Number of stages on the edge.
inline constexpr std::size_t edge_stages = [] {
    std::size_t count = 0;
    for (const auto& stage : stages) count += stage.machine == Machine::edge ? 1 : 0;
    return count;
}();

// The index of an edge stage is also the index of its step, so edge stages must come first.
static_assert(std::ranges::is_partitioned(stages, [](const Stage& stage) {
    return stage.machine == Machine::edge;
}));

/// Point in the pipeline at which a timestamp is taken.
struct Step {
    std::string_view name;  ///< displayed to users
    std::string_view key;   ///< key of the timestamp in the map `t` of a message header
};

/// All steps in pipeline order: one per edge stage, then three on the server.
inline constexpr auto steps = [] {
    std::array<Step, edge_stages + 3> all{};
    for (std::size_t i = 0; i < edge_stages; ++i) all[i] = {stages[i].process, stages[i].section};
    all[edge_stages] = {"queue", "queue"};  // the broker sent the probe to a worker
    all[edge_stages + 1] = {"recognize", "recognize"};
    all[edge_stages + 2] = {"publish", "publish"};  // the broker published the result
    return all;
}();

/// Index of a step in `steps`, computed from its key at compile time. An unknown key is a compile
/// error.
struct StepKey {
    std::size_t index;

    // NOLINTNEXTLINE(google-explicit-constructor): allows times["track"]
    consteval StepKey(const char* key) : index(0) {
        while (steps.at(index).key != std::string_view(key)) ++index;
    }
};

/// Returns the index of the stage with that process. Requires: the process is in `stages`.
constexpr std::size_t index_of(std::string_view process) {
    std::size_t index = 0;
    while (stages.at(index).process != process) ++index;
    return index;
}

}  // namespace facebus::wire
