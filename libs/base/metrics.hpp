// Counters, gauges and histograms of one process, in Prometheus' text format.
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

/// A handle on a value that only grows. Thread-safe; copies stand for the same value.
class Counter {
  public:
    void add(double amount = 1);
    [[nodiscard]] double value() const;

  private:
    friend class Metrics;
    explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
    prometheus::Counter* counter_;
};

/// A handle on a value that goes up and down. Thread-safe; copies stand for the same value.
class Gauge {
  public:
    void set(double value);

  private:
    friend class Metrics;
    explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
    prometheus::Gauge* gauge_;
};

/// A handle on durations in seconds, counted in buckets from 1 ms to 10 s. Thread-safe; copies
/// stand for the same durations.
class Histogram {
  public:
    void observe(double seconds);

  private:
    friend class Metrics;
    explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
    prometheus::Histogram* histogram_;
};

/// All metrics of a process. The same name and labels give the same metric, however often asked.
/// Handles stay valid as long as the Metrics object lives. Thread-safe.
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

    /// The page that a Prometheus server scrapes.
    [[nodiscard]] std::string text() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus
