// Private to libs/vision: who belongs to whom at the least total cost.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace facebus::vision {

/// Costs of `rows` x `columns` pairs; a pair without cost is impossible.
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

/// The column of each row: as many possible pairs as there can be, and of those choices the
/// cheapest (Hungarian method). Costs lie in [0, 1000].
std::vector<std::optional<std::size_t>> assign(const CostTable& costs);

}  // namespace facebus::vision
