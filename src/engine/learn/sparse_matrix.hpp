// Sparse matrices in compressed sparse row form (CSR), the common currency of the learners.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "engine/base/monitor.hpp"

namespace knowhow {

// One row: columns ascending and unique, a value for each.
struct SparseRow {
    std::span<const std::int32_t> columns;
    std::span<const float> values;
    std::size_t size() const noexcept { return columns.size(); }
};

// A matrix that someone else owns. A column-wise matrix (CSC) is the CSR of the transpose.
class SparseView {
  public:
    SparseView() = default;
    // `offsets` has one more element than there are rows; row r is [offsets[r], offsets[r + 1]).
    SparseView(std::span<const std::int64_t> offsets, std::span<const std::int32_t> columns,
               std::span<const float> values, std::int32_t column_count) noexcept
        : offsets_(offsets), columns_(columns), values_(values), column_count_(column_count) {}

    std::int32_t row_count() const noexcept {
        return offsets_.empty() ? 0 : static_cast<std::int32_t>(offsets_.size() - 1);
    }
    std::int32_t column_count() const noexcept { return column_count_; }
    std::size_t value_count() const noexcept { return values_.size(); }
    SparseRow row(std::int32_t r) const noexcept {
        const auto begin = static_cast<std::size_t>(offsets_[static_cast<std::size_t>(r)]);
        const auto end = static_cast<std::size_t>(offsets_[static_cast<std::size_t>(r) + 1]);
        return {columns_.subspan(begin, end - begin), values_.subspan(begin, end - begin)};
    }
    std::span<const float> values() const noexcept { return values_; }

  private:
    std::span<const std::int64_t> offsets_;
    std::span<const std::int32_t> columns_;
    std::span<const float> values_;
    std::int32_t column_count_ = 0;
};

// A matrix with its memory: 8 bytes a value and 8 bytes a row, taken from `resource`.
struct SparseMatrix {
    explicit SparseMatrix(std::pmr::memory_resource* resource)
        : offsets(resource), columns(resource), values(resource) {}

    SparseView view() const noexcept { return {offsets, columns, values, column_count}; }

    std::pmr::vector<std::int64_t> offsets;
    std::pmr::vector<std::int32_t> columns;
    std::pmr::vector<float> values;
    std::int32_t column_count = 0;
};

// The transpose, in time linear in values, rows and columns.
SparseMatrix transpose(SparseView matrix, std::pmr::memory_resource* resource, Monitor& monitor);

}  // namespace knowhow
