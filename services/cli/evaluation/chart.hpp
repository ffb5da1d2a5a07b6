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
    std::vector<std::pair<double, double>> points;  ///< x and y; clipped to the ranges of the axes
};

/// Returns a chart with a grid, and with a legend if there is more than one line. Points that are
/// not finite are skipped.
std::string chart(const std::string& title, const Axis& x, const Axis& y,
                  const std::vector<Line>& lines);

}  // namespace facebus::cli
