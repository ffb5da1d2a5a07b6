// The stages of the pipeline, declared once. Time stamps, latency reports, the web page, the demo
// and the tests of the Compose, Kubernetes, systemd and Prometheus files are derived from this
// table.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace facebus::wire {

/// Machine on which a process runs.
enum class Machine { edge, server };

/// One process of the pipeline. Each stage of the edge sends its messages to the next one in the
/// table.
struct Stage {
    std::string_view process;  ///< the program is facebus-<process>
    /// Section of facebus.yaml; on the edge also the key of the time stamp.
    std::string_view section;
    Machine machine{};
    std::string_view input;     ///< topic of the messages that it receives; empty: none
    std::string_view output;    ///< topic of the messages that it sends; empty: none
    std::string_view endpoint;  ///< default of <section>.input; empty: the stage has no such key
    std::string_view health;    ///< default of <section>.health
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

// On the edge, the index of a stage is also the index of its step, so these stages must come first.
static_assert(std::ranges::is_partitioned(stages, [](const Stage& stage) {
    return stage.machine == Machine::edge;
}));

/// Point in the pipeline at which a time stamp is taken.
struct Step {
    std::string_view name;  ///< displayed to users
    std::string_view key;   ///< key in the map `t` of a message header
};

/// All steps in pipeline order: the stages of the edge, then three on the server.
inline constexpr auto steps = [] {
    std::array<Step, edge_stages + 3> all{};
    for (std::size_t i = 0; i < edge_stages; ++i) all[i] = {stages[i].process, stages[i].section};
    all[edge_stages] = {"queue", "queue"};  // the broker sent the probe to a worker
    all[edge_stages + 1] = {"recognize", "recognize"};
    all[edge_stages + 2] = {"publish", "publish"};  // the broker published the result
    return all;
}();

/// Index of a step in `steps`, converted from its key at compile time. An unknown key does not
/// compile.
struct StepKey {
    std::size_t index;

    // NOLINTNEXTLINE(google-explicit-constructor): allows times["track"]
    consteval StepKey(const char* key) : index(0) {
        while (steps.at(index).key != std::string_view(key)) ++index;
    }
};

/// Returns the index of a process in `stages`. Requires: it is one of them.
constexpr std::size_t index_of(std::string_view process) {
    std::size_t index = 0;
    while (stages.at(index).process != process) ++index;
    return index;
}

}  // namespace facebus::wire
