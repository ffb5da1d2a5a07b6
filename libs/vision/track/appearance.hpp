// Private to libs/vision: whether two crops show the same face, cheaply and within one scene.
#pragma once

#include <array>
#include <cstddef>

#include "base/image.hpp"

namespace facebus::vision {

/// A crop as grey_side x grey_side grey values of mean 0 and length 1, so that the dot product of
/// two is their correlation and light does not count.
class Appearance {
  public:
    static constexpr int grey_side = 20;

    Appearance() = default;
    explicit Appearance(const Image& crop);

    /// Correlation in [-1, 1]; 1 where either has nothing to compare, as an empty or flat crop.
    [[nodiscard]] float likeness(const Appearance& other) const;

    /// Moves half-way to `newer`.
    void follow(const Appearance& newer);

  private:
    void standardise();

    bool known_ = false;
    std::array<float, std::size_t{grey_side} * grey_side> grey_{};
};

}  // namespace facebus::vision
