// Draws line charts as SVG.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace facebus::cli {

struct Axis {
    std::string label;
    double low = 0;            ///< value at the low end
    double high = 1;           ///< value at the high end
    bool logarithmic = false;  ///< requires that `low` is greater than 0
};

struct Line {
    std::string name;
    /// Pairs of x and y. On a logarithmic axis, values below `low` are drawn at `low`. All other
    /// parts of the line outside the ranges of the axes are not drawn.
    std::vector<std::pair<double, double>> points;
};

/// Returns a chart as SVG text, with a grid, and with a legend if there is more than one line.
/// Skips points that are not finite.
std::string chart(const std::string& title, const Axis& x, const Axis& y,
                  const std::vector<Line>& lines);

}  // namespace facebus::cli
