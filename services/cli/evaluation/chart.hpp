// Line charts as SVG.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace facebus::cli {

struct Axis {
    std::string label;
    double low = 0;
    double high = 1;
    bool logarithmic = false;  ///< then `low` must be above 0
};

struct Line {
    std::string name;
    std::vector<std::pair<double, double>> points;  ///< what lies outside the axes is cut off
};

/// A chart with a grid, and a legend where there is more than one line. Draws nothing that is not a
/// number.
std::string chart(const std::string& title, const Axis& x, const Axis& y,
                  const std::vector<Line>& lines);

}  // namespace facebus::cli
