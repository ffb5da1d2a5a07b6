// Private to libs/vision: assigns detections to tracks at the lowest total cost.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace facebus::vision {

/// Table of the costs of all pairs of a row and a column. A pair without a cost cannot be assigned.
class CostTable {
  public:
    CostTable(std::size_t rows, std::size_t columns)
        : rows_(rows), columns_(columns), costs_(rows * columns) {}

    std::optional<double>& at(std::size_t row, std::size_t column) {
        return costs_[row * columns_ + column];
    }
    [[nodiscard]] const std::optional<double>& at(std::size_t row, std::size_t column) const {
        return costs_[row * columns_ + column];
    }
    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t columns() const { return columns_; }

  private:
    std::size_t rows_;
    std::size_t columns_;
    std::vector<std::optional<double>> costs_;
};

/// Assigns each row to at most one column, and each column to at most one row, by the Hungarian
/// method. Returns the column of each row, if it has one. The assignment has as many pairs as
/// possible and, among those, the lowest total cost. Requires: costs are in [0, 1000].
std::vector<std::optional<std::size_t>> assign(const CostTable& costs);

}  // namespace facebus::vision
