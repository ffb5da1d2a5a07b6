// Metrics of the broker.
#pragma once

#include <vector>

#include "base/metrics.hpp"
#include "broker/dispatcher.hpp"
#include "broker/edges.hpp"
#include "broker/result_times.hpp"

namespace facebus::broker {

/// Metrics that the broker exports at /metrics; broker_metrics.cpp has their descriptions.
struct BrokerMetrics {
    explicit BrokerMetrics(Metrics& metrics);

    /// Exports the state of the dispatcher.
    void update(const Dispatcher& dispatcher);

    Counter probes;
    Counter completed;
    Counter ignored;
    Counter rejected;
    Counter workers_disconnected;
    Counter results;
    Counter history_dropped;
    Gauge queued;
    Gauge in_flight;
    Gauge oldest;
    Gauge unstored;
    Gauge workers;
    Gauge stalled;
    Gauge edges;
    std::vector<Counter> identities;   ///< by wire::Decision
    std::vector<Counter> refused;      ///< by Refusal
    std::vector<Counter> redelivered;  ///< by Failure
    ResultTimes times;
};

}  // namespace facebus::broker
