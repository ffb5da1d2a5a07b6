// The pipeline, declared once. Latency, result times, the page, the demo, and the tests of compose,
// Kubernetes, systemd and Prometheus files read this table.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace facebus::wire {

/// Where a process runs.
enum class Machine { edge, server };

/// One process of the pipeline. Messages flow from each stage of the edge to the next one in the
/// table.
struct Stage {
    std::string_view process;  ///< the program is facebus-<process>
    std::string_view
        section;  ///< of facebus.yaml; for stages of the edge also the key of the time stamp
    Machine machine{};
    std::string_view input;     ///< topic of the messages that it reads; empty: none
    std::string_view output;    ///< topic of the messages that it writes
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

inline constexpr std::size_t edge_stages = [] {
    std::size_t count = 0;
    for (const auto& stage : stages) count += stage.machine == Machine::edge ? 1 : 0;
    return count;
}();

// Places in `steps` are those in `stages` for the edge, so its rows come first.
static_assert(std::ranges::is_partitioned(stages, [](const Stage& stage) {
    return stage.machine == Machine::edge;
}));

/// A point on the way of a result at which a time stamp is taken.
struct Step {
    std::string_view name;  ///< as people see it
    std::string_view key;   ///< in the map `t` of a message header
};

/// All steps, in the order of the flow: each stage of the edge, and then what happens at the
/// server.
inline constexpr auto steps = [] {
    std::array<Step, edge_stages + 3> all{};
    for (std::size_t i = 0; i < edge_stages; ++i) all[i] = {stages[i].process, stages[i].section};
    all[edge_stages] = {"queue", "queue"};  // the broker handed the probe to a worker
    all[edge_stages + 1] = {"recognize", "recognize"};
    all[edge_stages + 2] = {"publish", "publish"};  // the broker published the result
    return all;
}();

/// Place of a step in `steps`, by its key. An unknown key does not compile.
struct StepKey {
    std::size_t place;

    // NOLINTNEXTLINE(google-explicit-constructor): times["track"] is the point
    consteval StepKey(const char* key) : place(0) {
        while (steps.at(place).key != std::string_view(key)) ++place;
    }
};

/// Returns the place of a process in `stages`. Requires: it is one of them.
constexpr std::size_t place_of(std::string_view process) {
    std::size_t place = 0;
    while (stages.at(place).process != process) ++place;
    return place;
}

}  // namespace facebus::wire
