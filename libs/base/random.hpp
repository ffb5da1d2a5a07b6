// Pseudo-random numbers that depend only on the seed. Only the rounding in normal() may differ
// between platforms.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace facebus {

/// Seeded source of random numbers. Implements its own distributions, because those of the standard
/// library return different numbers in different implementations. Not thread-safe.
class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    /// Returns an integer from 0 to limit - 1. Requires: limit > 0.
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }

    /// Shuffles `items` in place (Fisher-Yates).
    template <class T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }

    /// Returns a normally distributed number with mean 0 and standard deviation 1 (Box-Muller).
    double normal();

  private:
    /// Returns a number in (0, 1]. It is never 0, so its logarithm is finite.
    double unit() { return (static_cast<double>(engine_() >> 11U) + 0.5) / 9007199254740992.0; }

    std::mt19937_64 engine_;
    /// Box-Muller computes two numbers at once. This is the second one, kept for the next call of
    /// normal().
    std::optional<double> kept_;
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
