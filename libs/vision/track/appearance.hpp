// Private to libs/vision: cheap comparison of two crops from the same scene.
#pragma once

#include <array>
#include <cstddef>

#include "base/image.hpp"

namespace facebus::vision {

/// Small grey copy of a crop, normalised to mean 0 and unit norm. The dot product of two copies is
/// their correlation, which does not depend on brightness or contrast.
class Appearance {
  public:
    static constexpr int grey_side = 20;

    Appearance() = default;
    explicit Appearance(const Image& crop);

    /// Returns the correlation, in [-1, 1]. Returns 1 if one of the crops is empty or has no
    /// contrast, because such crops cannot be compared.
    [[nodiscard]] float similarity(const Appearance& other) const;

    /// Replaces this object with the average of itself and `newer`. If only one of the two has
    /// contrast, replaces this object with that one.
    void blend(const Appearance& newer);

  private:
    /// Normalises the grey levels and sets `has_contrast_`.
    void standardise();

    bool has_contrast_ = false;
    std::array<float, std::size_t{grey_side} * grey_side> grey_{};
};

}  // namespace facebus::vision
