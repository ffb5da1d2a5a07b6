// Settings of broker; whoever connects to it reads its endpoints, too.
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
    int max_attempts = 3;

    static void keys(auto& self, auto&& key) {
        key("probes", self.probes, "endpoint where the edge's probes arrive");
        key("workers", self.workers, "endpoint where recognize workers connect");
        key("results", self.results, "endpoint of the result topic");
        key("queue", self.queue, Range{1, 10'000'000},
            "probes that wait at most; a full queue makes the edge keep them");
        key("result_queue", self.result_queue, Range{1, 1'000'000},
            "results that wait for a slow subscriber; it misses what comes beyond them");
        key("worker_timeout", self.worker_timeout, Range{0.1, 3600},
            "seconds of silence after which a worker is dead");
        key("max_attempts", self.max_attempts, Range{1, 100},
            "deliveries of a probe before it is set aside");
    }
};

}  // namespace facebus::broker
