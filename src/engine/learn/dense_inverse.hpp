// The inverse of a large dense symmetric matrix, in place, by several threads.
#pragma once

#include <cstddef>
#include <memory_resource>

#include "engine/base/aligned.hpp"
#include "engine/base/monitor.hpp"

namespace knowhow {

// Symmetric, of which the lower triangle is stored, by columns: 8 bytes for each of size²
// elements. Elements begin as they come from memory.
class DenseSymmetric {
  public:
    DenseSymmetric(std::size_t size, std::pmr::memory_resource* resource)
        : size_(size),
          stride_(AlignedDoubles::padded(size)),
          resource_(resource),
          values_(stride_ * size, resource) {}

    std::size_t size() const noexcept { return size_; }
    // row >= column
    double& lower(std::size_t row, std::size_t column) const noexcept {
        return values_.data()[column * stride_ + row];
    }
    double at(std::size_t row, std::size_t column) const noexcept {
        return row >= column ? lower(row, column) : lower(column, row);
    }

    // Replaces the matrix by its inverse, by way of Cholesky: size³ multiplications and additions,
    // in tiles of 128 that are computed one by one in a fixed order, whatever the number of
    // threads. Takes size · 1 kB more. Asks to stop once a tile (a few milliseconds).
    // Throws Error(kNumericOutOfRange) if the matrix is not positive definite.
    void invert(int threads, Monitor& monitor);

    static std::size_t memory(std::size_t size) noexcept;

  private:
    std::size_t size_;
    std::size_t stride_;
    std::pmr::memory_resource* resource_;
    AlignedDoubles values_;
};

}  // namespace knowhow
