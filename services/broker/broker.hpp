// The broker: distributes the edges' probes to the workers and publishes the results.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "broker/broker_metrics.hpp"
#include "broker/dispatcher.hpp"
#include "broker/edges.hpp"
#include "broker/history_writer.hpp"
#include "broker/options.hpp"
#include "broker/recent_ids.hpp"
#include "bus/socket.hpp"
#include "service/runtime.hpp"

namespace facebus::broker {

/// Three sockets around a Dispatcher. Receives probes, track events and camera states from edges,
/// and refuses those of cameras that an edge may not report. Sends probes to workers that have
/// credit. Publishes track events, camera states and each decision that differs from the previous
/// one about its track. Acknowledges published events and completed probes to the edges. If the
/// result of a probe goes into the history, acknowledges it after the result is stored. Counts and
/// discards invalid messages; a worker that sends one gets no more probes until it reconnects. Not
/// thread-safe.
class Broker {
  public:
    /// Binds the three endpoints. Throws `FatalError` if an endpoint cannot be bound, for example
    /// because it is in use. Also throws the errors of HistoryWriter.
    Broker(service::Runtime& runtime, const Options& options, const gallery::RedisOptions& redis,
           const gallery::HistoryOptions& history);

    /// Blocks until a stop is requested. Then stores the results that wait for Redis, if Redis
    /// accepts them, and acknowledges their probes. The edges send the other probes again.
    void run();

  private:
    template <class Handle, class Invalid>
    void receive(bus::Socket& socket, Handle&& handle, Invalid&& invalid);
    Result<void> handle_edge_message(const bus::Received& received);
    Result<void> handle_worker_message(const bus::Received& received);
    bool permits(const bus::Received& received, const std::string& camera);
    void accept_probe(const bus::Received& received, wire::Probe probe);
    void accept_event(const bus::Received& received, const wire::Track& event);
    void drop_worker(const std::string& worker);
    void handle_failures(Dispatcher::Failures failures);
    void dispatch();
    void finish(Dispatcher::Completed completed, const Bytes& crop);
    void acknowledge_stored();
    void acknowledge(const std::string& peer, const std::string& ref, bool stored = true);
    template <class M>
    void publish(const M& message, const Bytes& payload);
    void publish_status();
    void count_rejected_connections();
    Counter rejected_connections(const char* role);
    static wire::Head head(std::uint64_t seq);

    service::Runtime& runtime_;
    BrokerMetrics metrics_;
    Dispatcher dispatcher_;
    Edges edges_;
    HistoryWriter history_;
    RecentIds published_events_{65536};  ///< scoped ids of track events that were published
    RecentIds dropped_workers_{4096};    ///< peer names of workers that sent an invalid message
    std::string run_;  ///< id of this run; results are numbered from 1 in each run
    bus::Socket edge_;
    bus::Socket workers_;
    bus::Socket results_;
    std::array<std::pair<bus::Socket*, Counter>, 3> rejected_connections_;
    std::uint64_t acks_ = 0;               ///< number of acknowledgements sent
    std::uint64_t statuses_ = 0;           ///< number of status messages published
    std::uint64_t results_published_ = 0;  ///< number of the last result
};

}  // namespace facebus::broker
