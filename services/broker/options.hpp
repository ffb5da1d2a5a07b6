// Options of the broker. Services that connect to the broker read its endpoints here, too.
#pragma once

#include <string>

#include "base/option.hpp"

namespace facebus::broker {

struct Options {
    std::string probes = "tcp://127.0.0.1:5701";
    std::string workers = "tcp://127.0.0.1:5702";
    std::string results = "tcp://127.0.0.1:5703";
    int queue = 10000;
    int result_queue = 1000;
    double worker_timeout = 5;
    double probe_timeout = 30;
    int max_attempts = 3;
    int cameras_per_edge = 64;

    static void keys(auto& self, auto&& key) {
        key("probes", self.probes, "endpoint for edges, which send probes");
        key("workers", self.workers, "endpoint for recognize workers");
        key("results", self.results, "endpoint of the result topic");
        key("queue", self.queue, Range{1, 10'000'000},
            "maximum number of waiting probes; while the queue is full, edges keep further probes, "
            "and each edge is entitled to an equal share of the queue");
        key("result_queue", self.result_queue, Range{1, 1'000'000},
            "maximum number of messages of the result topic queued per subscriber; further "
            "messages are dropped for that subscriber");
        key("worker_timeout", self.worker_timeout, Range{0.1, 3600},
            "seconds without a message after which a worker counts as lost");
        key("probe_timeout", self.probe_timeout, Range{0.1, 3600},
            "seconds that a worker has for a probe; after that, another worker gets the probe, and "
            "this worker gets none until it returns a result");
        key("max_attempts", self.max_attempts, Range{1, 100},
            "number of failed attempts after which a probe is dead-lettered, because it seems to "
            "crash or hang the workers");
        key("cameras_per_edge", self.cameras_per_edge, Range{1, 10'000},
            "maximum number of cameras that one edge can report, or the number of entries in the "
            "list of cameras of its key, if that is larger; messages about further cameras are "
            "refused");
    }
};

}  // namespace facebus::broker
