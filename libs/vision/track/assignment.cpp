#include "vision/track/assignment.hpp"

#include <algorithm>
#include <limits>

namespace facebus::vision {

std::vector<std::optional<std::size_t>> assign(const CostTable& costs) {
    // The Hungarian method in its O(n^3) form with potentials (Kuhn, Munkres).
    //
    // The method requires a square table in which every pair has a cost. Rows or columns are added
    // to make the table square. Their pairs, and pairs without a cost, get the cost `impossible`.
    // It is at least the sum of 10,000 real costs, because each of these is at most 1,000. Such
    // pairs are thus chosen only if nothing else is possible, and are removed from the result at
    // the end.
    constexpr double impossible = 1e7;
    // Rows and columns are numbered from 1. Row 0 means "no row". Column 0 is not in the table: a
    // new row is assigned to it at first.
    const std::size_t size = std::max(costs.rows(), costs.columns());
    const auto cost = [&](std::size_t row, std::size_t column) {
        if (row > costs.rows() || column > costs.columns()) return impossible;
        return costs.at(row - 1, column - 1).value_or(impossible);
    };
    // Each row and column has a potential. The reduced cost of a pair is its cost minus the
    // potentials of its row and column. It is never negative, and it is 0 for assigned pairs. An
    // assignment in which all pairs have reduced cost 0 is therefore optimal.
    std::vector<double> row_potential(size + 1);
    std::vector<double> column_potential(size + 1);
    std::vector<std::size_t> row_of(size + 1);    // row assigned to each column, or 0
    std::vector<std::size_t> previous(size + 1);  // previous column on the path to each column
    // Add one row after the other. A new row may take the column of an assigned row. That row then
    // must move to a different column, and so on until a free column is reached. Find the cheapest
    // path of such moves. This is Dijkstra's algorithm on the columns, with reduced costs as
    // distances.
    for (std::size_t row = 1; row <= size; ++row) {
        row_of[0] = row;
        std::size_t column = 0;
        // Length of the shortest path found so far to each column.
        std::vector<double> distance(size + 1, std::numeric_limits<double>::infinity());
        std::vector<bool> visited(size + 1);
        do {
            // Visit the column. The row assigned to it could move to any unvisited column.
            visited[column] = true;
            double step = std::numeric_limits<double>::infinity();
            std::size_t next = 0;
            for (std::size_t j = 1; j <= size; ++j) {
                if (visited[j]) continue;
                const double reduced =
                    cost(row_of[column], j) - row_potential[row_of[column]] - column_potential[j];
                if (reduced < distance[j]) {
                    distance[j] = reduced;
                    previous[j] = column;
                }
                if (distance[j] < step) {
                    step = distance[j];
                    next = j;
                }
            }
            // Change the potentials of the visited columns and their rows, so that the path to the
            // nearest unvisited column has reduced cost 0. The reduced costs of assigned pairs
            // remain 0, and no reduced cost becomes negative.
            for (std::size_t j = 0; j <= size; ++j) {
                if (visited[j]) {
                    row_potential[row_of[j]] += step;
                    column_potential[j] -= step;
                } else {
                    distance[j] -= step;
                }
            }
            column = next;
        } while (row_of[column] != 0);
        // A free column has been reached. Follow the path back and move each of its rows to its new
        // column.
        while (column != 0) {
            row_of[column] = row_of[previous[column]];
            column = previous[column];
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
