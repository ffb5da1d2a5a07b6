#include "cli/evaluation/chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace facebus::cli {
namespace {

constexpr double width = 640;
constexpr double height = 440;
constexpr double left = 70;
constexpr double right = width - 20;
constexpr double top = 40;
constexpr double bottom = height - 60;
// The palette of Okabe and Ito, with grey instead of yellow. Colour-blind readers can distinguish
// the colours.
constexpr std::array<const char*, 8> colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                             "#56b4e9", "#e69f00", "#000000", "#999999"};

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else if (c == '&') {
            out += "&amp;";
        } else {
            out += c;
        }
    }
    return out;
}

/// Returns the position of a value on its axis: 0 at the low end, 1 at the high end. On a
/// logarithmic axis, values below the low end are at the low end.
double position(const Axis& axis, double value) {
    if (axis.logarithmic) {
        const double low = std::log10(axis.low);
        return (std::log10(std::max(value, axis.low)) - low) / (std::log10(axis.high) - low);
    }
    return (value - axis.low) / (axis.high - axis.low);
}

/// Returns the values to mark on an axis.
std::vector<double> ticks(const Axis& axis) {
    std::vector<double> all;
    if (axis.logarithmic) {
        const auto first = std::lround(std::ceil(std::log10(axis.low) - 1e-9));
        const auto last = std::lround(std::floor(std::log10(axis.high) + 1e-9));
        for (auto power = first; power <= last; ++power) {
            all.push_back(std::pow(10, static_cast<double>(power)));
        }
        return all;
    }
    // Use the smallest step that is 1, 2 or 5 times a power of ten and gives at most six intervals.
    const double rough = (axis.high - axis.low) / 6;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    double step = power * 10;
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (power * factor >= rough) {
            step = power * factor;
            break;
        }
    }
    // Adding 0 changes -0, the result of rounding up a small negative number, to 0.
    for (double i = std::ceil(axis.low / step - 1e-9) + 0.0; i * step <= axis.high + step * 1e-9;
         ++i) {
        all.push_back(i * step);
    }
    return all;
}

double screen_x(const Axis& axis, double value) {
    return left + position(axis, value) * (right - left);
}

double screen_y(const Axis& axis, double value) {
    return bottom - position(axis, value) * (bottom - top);
}

/// Returns the value of the SVG attribute `points` for a line.
std::string path(const Axis& x, const Axis& y, const Line& line) {
    // Minimum distance in pixels. Omit a point if its distance from the last drawn point is smaller
    // along both axes. Always draw the last point of the line.
    constexpr double min_step = 0.7;
    std::string points;
    double last_x = -1e9;
    double last_y = -1e9;
    for (std::size_t i = 0; i < line.points.size(); ++i) {
        const auto& [px, py] = line.points[i];
        if (!std::isfinite(px) || !std::isfinite(py)) continue;
        const double at_x = screen_x(x, px);
        const double at_y = screen_y(y, py);
        const bool end = i + 1 == line.points.size();
        if (!end && std::abs(at_x - last_x) < min_step && std::abs(at_y - last_y) < min_step)
            continue;
        points += fmt::format("{:.1f},{:.1f} ", at_x, at_y);
        last_x = at_x;
        last_y = at_y;
    }
    return points;
}

}  // namespace

std::string chart(const std::string& title, const Axis& x, const Axis& y,
                  const std::vector<Line>& lines) {
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
        "height=\"{1}\" font-family=\"sans-serif\" font-size=\"13\">\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n"
        "<text x=\"{2}\" y=\"24\" font-size=\"16\">{3}</text>\n"
        "<clipPath id=\"plot\"><rect x=\"{2}\" y=\"{4}\" width=\"{5}\" height=\"{6}\"/></clipPath>"
        "\n",
        width, height, left, escaped(title), top, right - left, bottom - top);
    for (const double tick : ticks(x)) {
        svg += fmt::format(
            "<path d=\"M{0:.1f} {1} V{2}\" stroke=\"#dddddd\"/>"
            "<text x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4:.4g}</text>\n",
            screen_x(x, tick), top, bottom, bottom + 18, tick);
    }
    for (const double tick : ticks(y)) {
        svg += fmt::format(
            "<path d=\"M{1} {0:.1f} H{2}\" stroke=\"#dddddd\"/>"
            "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.4g}</text>\n",
            screen_y(y, tick), left, right, left - 8, screen_y(y, tick) + 4, tick);
    }
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                       (left + right) / 2, height - 16, escaped(x.label));
    svg += fmt::format(
        "<text transform=\"translate(18 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
        (top + bottom) / 2, escaped(y.label));
    const auto style = [](std::size_t i) {
        const bool again = i >= colours.size();
        return fmt::format("stroke=\"{}\"{}", colours[i % colours.size()],
                           again ? " stroke-dasharray=\"6 4\"" : "");
    };
    for (std::size_t i = 0; i < lines.size(); ++i) {
        svg += fmt::format(
            "<polyline clip-path=\"url(#plot)\" fill=\"none\" {} stroke-width=\"2\" "
            "points=\"{}\"/>\n",
            style(i), path(x, y, lines[i]));
    }
    if (lines.size() < 2) return svg + "</svg>\n";
    std::size_t longest = 0;
    for (const auto& line : lines) longest = std::max(longest, line.name.size());
    const double legend = 60 + 7 * static_cast<double>(longest);
    svg += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#ffffff\" "
        "fill-opacity=\"0.85\"/>"
        "\n",
        right - legend, top + 4, legend - 4, 8 + 20 * static_cast<double>(lines.size()));
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const double row = top + 20 + 20 * static_cast<double>(i);
        svg += fmt::format(
            "<path d=\"M{} {} h24\" {} stroke-width=\"3\"/>"
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
            right - 34, row, style(i), right - 42, row + 4, escaped(lines[i].name));
    }
    return svg + "</svg>\n";
}

}  // namespace facebus::cli
