// Pseudo-random numbers that are identical on every machine and with every standard library.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace facebus {

/// Seeded source of random numbers. The standard does not specify the algorithms of its
/// distributions, so this class implements its own. Not thread-safe.
class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    /// Returns a number in 0..limit - 1. Requires: limit > 0.
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }

    /// Shuffles in place (Fisher and Yates).
    template <class T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }

    /// Returns a normally distributed number with mean 0 and standard deviation 1 (Box and Muller).
    double normal();

  private:
    std::optional<double> kept_;  ///< second number of the last pair
    /// Returns a number in (0, 1), exclusive, so that its logarithm is finite.
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
