#include "vision/track/assignment.hpp"

#include <algorithm>
#include <limits>

namespace facebus::vision {

std::vector<std::optional<std::size_t>> assign(const CostTable& costs) {
    // Dearer than any choice of possible pairs, so that it is taken only where nothing else is
    // left.
    constexpr double impossible = 1e7;
    // The method with potentials (Kuhn, Munkres; O(n^3)) on a square table; row and column 0 are
    // the customary dummies.
    const std::size_t size = std::max(costs.rows(), costs.columns());
    const auto cost = [&](std::size_t row, std::size_t column) {
        if (row > costs.rows() || column > costs.columns()) return impossible;
        return costs.at(row - 1, column - 1).value_or(impossible);
    };
    std::vector<double> row_potential(size + 1);
    std::vector<double> column_potential(size + 1);
    std::vector<std::size_t> row_of(size + 1);
    std::vector<std::size_t> way(size + 1);
    for (std::size_t row = 1; row <= size; ++row) {
        row_of[0] = row;
        std::size_t column = 0;
        std::vector<double> least(size + 1, std::numeric_limits<double>::infinity());
        std::vector<bool> used(size + 1);
        do {
            used[column] = true;
            double step = std::numeric_limits<double>::infinity();
            std::size_t next = 0;
            for (std::size_t j = 1; j <= size; ++j) {
                if (used[j]) continue;
                const double reduced =
                    cost(row_of[column], j) - row_potential[row_of[column]] - column_potential[j];
                if (reduced < least[j]) {
                    least[j] = reduced;
                    way[j] = column;
                }
                if (least[j] < step) {
                    step = least[j];
                    next = j;
                }
            }
            for (std::size_t j = 0; j <= size; ++j) {
                if (used[j]) {
                    row_potential[row_of[j]] += step;
                    column_potential[j] -= step;
                } else {
                    least[j] -= step;
                }
            }
            column = next;
        } while (row_of[column] != 0);
        while (column != 0) {
            row_of[column] = row_of[way[column]];
            column = way[column];
        }
    }
    std::vector<std::optional<std::size_t>> column_of(costs.rows());
    for (std::size_t j = 1; j <= costs.columns(); ++j) {
        const std::size_t row = row_of[j];
        if (row >= 1 && row <= costs.rows() && costs.at(row - 1, j - 1)) column_of[row - 1] = j - 1;
    }
    return column_of;
}

}  // namespace facebus::vision
