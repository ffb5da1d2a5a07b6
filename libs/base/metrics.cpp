#include "base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace facebus {

struct Metrics::Impl {
    prometheus::Registry registry;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Counter::add(double amount) {
    counter_->Increment(amount);
}
double Counter::value() const {
    return counter_->Value();
}
void Gauge::set(double value) {
    gauge_->Set(value);
}
void Histogram::observe(double seconds) {
    histogram_->Observe(seconds);
}

// Register() and Add() return the existing family or metric if the name and labels exist already.
Counter Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
    return Counter(
        prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry).Add(labels));
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return Gauge(
        prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry).Add(labels));
}

Histogram Metrics::histogram(const std::string& name, const std::string& help,
                             const Labels& labels) {
    const prometheus::Histogram::BucketBoundaries bounds{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
                                                         0.2,   0.5,   1,     2,    5,    10};
    return Histogram(prometheus::BuildHistogram()
                         .Name(name)
                         .Help(help)
                         .Register(impl_->registry)
                         .Add(labels, bounds));
}

std::string Metrics::text() const {
    return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace facebus
