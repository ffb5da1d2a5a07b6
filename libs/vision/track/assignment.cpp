#include "vision/track/assignment.hpp"

#include <algorithm>
#include <limits>

namespace facebus::vision {

std::vector<std::optional<std::size_t>> assign(const CostTable& costs) {
    // The Hungarian method in its O(n^3) form with potentials (Kuhn, Munkres).
    //
    // It needs a square table in which every pair has a cost. Missing rows and columns, and pairs
    // that are not allowed, get a cost higher than any sum of allowed pairs, so that they are
    // chosen only if nothing else is possible, and are removed from the result at the end.
    constexpr double impossible = 1e7;
    // Rows and columns count from 1; row 0 and column 0 are dummies that mean "none".
    const std::size_t size = std::max(costs.rows(), costs.columns());
    const auto cost = [&](std::size_t row, std::size_t column) {
        if (row > costs.rows() || column > costs.columns()) return impossible;
        return costs.at(row - 1, column - 1).value_or(impossible);
    };
    // Each row and column has a potential. The reduced cost of a pair, its cost minus both
    // potentials, is never negative, and is 0 for assigned pairs. An assignment of pairs with
    // reduced cost 0 only is therefore optimal: no other one can be cheaper.
    std::vector<double> row_potential(size + 1);
    std::vector<double> column_potential(size + 1);
    std::vector<std::size_t> row_of(size + 1);  // row assigned to each column, or 0
    std::vector<std::size_t> way(size + 1);     // previous column on the path to each column
    // Add one row after the other. A new row may displace others: find the cheapest path that
    // alternates between new pairs and assigned pairs and ends at a free column. This is Dijkstra's
    // algorithm over the columns, with reduced costs as distances.
    for (std::size_t row = 1; row <= size; ++row) {
        row_of[0] = row;
        std::size_t column = 0;
        std::vector<double> distance(size + 1, std::numeric_limits<double>::infinity());
        std::vector<bool> used(size + 1);
        do {
            // Visit the row that holds this column: it could move to any column not visited yet.
            used[column] = true;
            double step = std::numeric_limits<double>::infinity();
            std::size_t next = 0;
            for (std::size_t j = 1; j <= size; ++j) {
                if (used[j]) continue;
                const double reduced =
                    cost(row_of[column], j) - row_potential[row_of[column]] - column_potential[j];
                if (reduced < distance[j]) {
                    distance[j] = reduced;
                    way[j] = column;
                }
                if (distance[j] < step) {
                    step = distance[j];
                    next = j;
                }
            }
            // Shift the potentials of the visited rows and columns, so that the way to the nearest
            // column has reduced cost 0. Costs of assigned pairs stay 0, none becomes negative.
            for (std::size_t j = 0; j <= size; ++j) {
                if (used[j]) {
                    row_potential[row_of[j]] += step;
                    column_potential[j] -= step;
                } else {
                    distance[j] -= step;
                }
            }
            column = next;
        } while (row_of[column] != 0);
        // A free column is reached. Walk the path back and move each row on it to its new column.
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
