#include "results/latency.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace facebus::results {
namespace {

/// Returns the q-quantile of the values, or 0 if there are none. `q` is from 0 to 1.
double quantile(std::vector<double> values, double q) {
    if (values.empty()) return 0;
    const auto rank = std::ceil(q * static_cast<double>(values.size()));
    const auto index = static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
    std::ranges::nth_element(values, values.begin() + index);
    return values[static_cast<std::size_t>(index)];
}

}  // namespace

void Latency::add(const wire::Identity& identity) {
    const auto& done = identity.head.t.all();
    // A step without a timestamp gets no duration. Its time is added to the next step that has a
    // timestamp.
    std::int64_t before = identity.head.ts;
    for (std::size_t i = 0; i < done.size(); ++i) {
        if (!done[i]) continue;
        ms_[i].push_back(static_cast<double>(*done[i] - before) / 1e6);
        before = *done[i];
    }
    total_.push_back(static_cast<double>(before - identity.head.ts) / 1e6);
}

std::vector<Latency::Quantiles> Latency::quantiles() const {
    std::vector<Quantiles> all;
    all.reserve(ms_.size() + 1);
    for (std::size_t i = 0; i < ms_.size(); ++i) {
        all.push_back({wire::steps[i].name, quantile(ms_[i], 0.5), quantile(ms_[i], 0.99)});
    }
    all.push_back({"total", total_ms(0.5), total_ms(0.99)});
    return all;
}

std::string Latency::table() const {
    std::string out =
        fmt::format("{:<14}{:>10}{:>10}   ms, {} results\n", "stage", "p50", "p99", total_.size());
    for (const auto& row : quantiles()) {
        out += fmt::format("{:<14}{:>10.1f}{:>10.1f}\n", row.name, row.p50, row.p99);
    }
    return out;
}

double Latency::total_ms(double q) const {
    return quantile(total_, q);
}

}  // namespace facebus::results
