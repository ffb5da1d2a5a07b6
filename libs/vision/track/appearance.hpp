// Private to libs/vision: cheap comparison of two crops from the same scene.
#pragma once

#include <array>
#include <cstddef>

#include "base/image.hpp"

namespace facebus::vision {

/// Small grey copy of a crop, normalised to mean 0 and length 1. The dot product of two of them is
/// their correlation, which does not depend on brightness or contrast.
class Appearance {
  public:
    static constexpr int grey_side = 20;

    Appearance() = default;
    explicit Appearance(const Image& crop);

    /// Returns the correlation, in [-1, 1]. Returns 1 if either crop is empty or has no contrast,
    /// so that there is nothing to compare.
    [[nodiscard]] float similarity(const Appearance& other) const;

    /// Replaces this by the average of this and `newer`.
    void blend(const Appearance& newer);

  private:
    void standardise();

    bool known_ = false;  ///< whether there is anything to compare
    std::array<float, std::size_t{grey_side} * grey_side> grey_{};
};

}  // namespace facebus::vision
