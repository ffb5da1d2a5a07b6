// Counters, gauges and histograms of one process, exported in the Prometheus text format.
#pragma once

#include <map>
#include <memory>
#include <string>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace facebus {

class Metrics;

/// Handle to a value that only increases. Copies refer to the same value. Thread-safe.
class Counter {
  public:
    void add(double amount = 1);
    [[nodiscard]] double value() const;

  private:
    friend class Metrics;
    explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
    prometheus::Counter* counter_;
};

/// Handle to a value that can increase and decrease. Copies refer to the same value. Thread-safe.
class Gauge {
  public:
    void set(double value);

  private:
    friend class Metrics;
    explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
    prometheus::Gauge* gauge_;
};

/// Handle to a histogram of durations in seconds, with buckets from 1 ms to 10 s. Copies refer to
/// the same histogram. Thread-safe.
class Histogram {
  public:
    void observe(double seconds);

  private:
    friend class Metrics;
    explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
    prometheus::Histogram* histogram_;
};

/// All metrics of a process. The functions counter(), gauge() and histogram() create a metric. If
/// they are called again with the same name and labels, they return a handle to the same metric.
/// Handles are valid as long as the Metrics object exists. Thread-safe.
class Metrics {
  public:
    using Labels = std::map<std::string, std::string>;

    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    Histogram histogram(const std::string& name, const std::string& help,
                        const Labels& labels = {});

    /// Returns all metrics in the Prometheus text format.
    [[nodiscard]] std::string text() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus
