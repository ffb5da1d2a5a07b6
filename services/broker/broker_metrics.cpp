#include "broker/broker_metrics.hpp"

namespace facebus::broker {
namespace {

/// Returns one counter per value of the enum E, with the name of the value in the label `label`.
/// Creates all counters now, because Prometheus sees an increase only in a series that already
/// exists.
template <class E>
std::vector<Counter> counters(Metrics& metrics, const char* name, const char* label,
                              const char* help) {
    std::vector<Counter> all;
    for (const auto value : wire::enum_values<E>()) {
        all.push_back(metrics.counter(name, help, {{label, std::string(wire::to_string(value))}}));
    }
    return all;
}

}  // namespace

BrokerMetrics::BrokerMetrics(Metrics& metrics)
    : probes(metrics.counter("facebus_probes_total", "Probes received, including retransmissions")),
      completed(metrics.counter("facebus_probes_completed_total",
                                "Completed probes, including dead-lettered ones")),
      ignored(
          metrics.counter("facebus_probes_ignored_total", "Completed probes of ignored people")),
      rejected(metrics.counter("facebus_probes_rejected_total",
                               "Probes rejected because the queue was full; the edge keeps them "
                               "and sends them again")),
      workers_disconnected(metrics.counter("facebus_workers_disconnected_total",
                                           "Workers that the broker stopped using because they "
                                           "sent an invalid message")),
      results(metrics.counter("facebus_results_total", "Published results")),
      history_dropped(metrics.counter(
          "facebus_history_dropped_total",
          "Results that could not wait for Redis, because 10,000 others already did; their probes "
          "are processed again later if the edge still has them")),
      queued(metrics.gauge("facebus_queue_probes", "Probes waiting for a worker")),
      in_flight(
          metrics.gauge("facebus_in_flight_probes", "Probes given to workers, result pending")),
      oldest(metrics.gauge("facebus_oldest_probe_seconds",
                           "Age of the oldest probe that is not completed; 0 if there is none")),
      unstored(metrics.gauge("facebus_history_waiting_results",
                             "Published results that are not yet in the history in Redis")),
      workers(metrics.gauge("facebus_workers", "Responsive workers, except stalled ones")),
      stalled(metrics.gauge("facebus_workers_stalled",
                            "Responsive workers that get no probes, because they did not return a "
                            "result within broker.probe_timeout")),
      edges(metrics.gauge("facebus_edges", "Edges that sent a message in the last ten seconds")),
      identities(counters<wire::Decision>(metrics, "facebus_identities_total", "decision",
                                          "Published identities")),
      refused(counters<Refusal>(
          metrics, "facebus_edge_messages_refused_total", "reason",
          "Refused messages from edges: the key is not bound to the camera (`camera`), or the edge "
          "has too many cameras (`cameras`)")),
      redelivered(counters<Failure>(metrics, "facebus_probes_redelivered_total", "reason",
                                    "Probes queued again because a worker returned no result")),
      times(metrics) {}

void BrokerMetrics::update(const Dispatcher& dispatcher) {
    queued.set(static_cast<double>(dispatcher.queued()));
    in_flight.set(static_cast<double>(dispatcher.in_flight()));
    unstored.set(static_cast<double>(dispatcher.unstored()));
    workers.set(static_cast<double>(dispatcher.workers()));
    stalled.set(static_cast<double>(dispatcher.stalled()));
    for (const auto reason : wire::enum_values<Failure>()) {
        auto& counter = redelivered[static_cast<std::size_t>(reason)];
        counter.add(static_cast<double>(dispatcher.redelivered(reason)) - counter.value());
    }
}

}  // namespace facebus::broker
