// The broker: probes from the edge to the workers, results to everyone.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "broker/dispatcher.hpp"
#include "broker/history_writer.hpp"
#include "broker/options.hpp"
#include "broker/result_times.hpp"
#include "bus/socket.hpp"
#include "service/runtime.hpp"

namespace facebus::broker {

/// What the broker tells of itself at /metrics.
struct BrokerMetrics {
    explicit BrokerMetrics(Metrics& metrics);

    Counter probes;
    Counter finished;
    Counter ignored;
    Counter refused;
    Counter workers_dropped;
    Counter results;
    Gauge queued;
    Gauge in_flight;
    Gauge workers;
    ResultTimes times;
};

/// Three sockets around a Dispatcher. Takes probes and events of tracks from edges, hands probes to
/// the workers that asked for them, publishes what is news, and acknowledges to the edge what is
/// done. Messages that can't be understood are counted and dropped, and so is the worker that sent
/// them. Not thread-safe.
class Broker {
  public:
    /// Binds the three endpoints. Throws StartupError if one is taken.
    Broker(service::Runtime& runtime, const Options& options, const gallery::RedisOptions& redis,
           const gallery::HistoryOptions& history);

    /// Works until the stop of the runtime.
    void run();

  private:
    template <class Handle, class Garbage>
    void receive(bus::Socket& socket, Handle&& handle, Garbage&& garbage);
    Result<void> from_edge(const bus::Received& received);
    Result<void> from_worker(const bus::Received& received);
    void take(const bus::Received& received, wire::Probe probe);
    void take(const bus::Received& received, const wire::Track& event);
    void drop_worker(const std::string& worker);
    void dispatch();
    void conclude(Dispatcher::Finished finished, const Bytes& crop);
    void conclude_all(std::vector<Dispatcher::Finished> all);
    void acknowledge(const std::string& edge, const std::string& ref);
    template <class M>
    void publish(const M& message, const Bytes& payload);
    void publish_status();
    void count_refused_connections();
    Counter refusing(const char* role);
    static wire::Head head(std::uint64_t seq);

    service::Runtime& runtime_;
    BrokerMetrics metrics_;
    Dispatcher dispatcher_;
    HistoryWriter history_;
    RecentIds events_{65536};
    RecentIds dropped_{4096};  ///< workers that sent garbage
    /// Results are counted from 1 in each run of the broker, and this tells the runs apart.
    std::string run_;
    bus::Socket edge_;
    bus::Socket workers_;
    bus::Socket results_;
    std::array<std::pair<bus::Socket*, Counter>, 3> refusing_;
    std::uint64_t acks_ = 0;
    std::uint64_t statuses_ = 0;
    std::uint64_t result_ = 0;
    bool stale_ = false;
};

}  // namespace facebus::broker
