// Random choices that are the same on every machine and with every standard library.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace facebus {

/// A seeded source of choices. The distributions of the standard library are left to each
/// implementation; these are not.
class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    /// 0 .. limit - 1. Precondition: limit > 0.
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }

    template <class T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }

    /// Normally distributed, mean 0 and deviation 1 (Box and Muller).
    double normal();

  private:
    std::optional<double> kept_;  ///< of each pair that is drawn
    double unit() { return (static_cast<double>(engine_() >> 11U) + 0.5) / 9007199254740992.0; }

    std::mt19937_64 engine_;
};

inline double Random::normal() {
    if (kept_) {
        const double value = *kept_;
        kept_.reset();
        return value;
    }
    constexpr double two_pi = 6.283185307179586;
    const double radius = std::sqrt(-2 * std::log(unit()));
    const double angle = two_pi * unit();
    kept_ = radius * std::sin(angle);
    return radius * std::cos(angle);
}

}  // namespace facebus
