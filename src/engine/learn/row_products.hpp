// One row of X·diag(a)·Xᵀ at a time: how strongly items go together, without the whole matrix.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "engine/learn/cancellation.hpp"
#include "engine/learn/sparse_matrix.hpp"

namespace knowhow {

// A dense vector that remembers where it was written to. 12 bytes an element.
class SparseSums {
  public:
    SparseSums(std::size_t size, std::pmr::memory_resource* resource)
        : sums_(size, 0.0, resource), touched_(resource) {
        touched_.reserve(size);
    }
    // A sum may pass through zero on its way: its position is then noted twice, and drain()
    // meets a zero the second time.
    void add(std::int32_t position, double value) {
        double& sum = sums_[static_cast<std::size_t>(position)];
        if (sum == 0) {
            touched_.push_back(position);
        }
        sum += value;
    }
    double operator[](std::int32_t position) const {
        return sums_[static_cast<std::size_t>(position)];
    }
    // Calls body(position, sum) for each nonzero sum, and leaves only zeros behind.
    template <typename Body>
    void drain(Body body) {
        for (std::int32_t position : touched_) {
            double& sum = sums_[static_cast<std::size_t>(position)];
            const double value = sum;
            sum = 0;
            if (value != 0) {
                body(position, value);
            }
        }
        touched_.clear();
    }
    void clear() {
        for (std::int32_t position : touched_) {
            sums_[static_cast<std::size_t>(position)] = 0;
        }
        touched_.clear();
    }

  private:
    std::pmr::vector<double> sums_;
    std::pmr::vector<std::int32_t> touched_;
};

// Asks whether to stop once in 2^18 products (about 1 ms).
class CheckedProducts {
  public:
    explicit CheckedProducts(Cancellation& cancellation) : cancellation_(cancellation) {}

    // Adds row `item` of X·diag(column_weight)·Xᵀ to `sums`; `rows` is X, `columns` its transpose.
    // Sums are in the order of columns: the same bits whoever computes them.
    void add_row(SparseView rows, SparseView columns, std::span<const double> column_weight,
                 std::int32_t item, SparseSums& sums);

  private:
    static constexpr std::size_t kProductsPerCheck = std::size_t{1} << 18;

    Cancellation& cancellation_;
    std::size_t until_check_ = kProductsPerCheck;
};

}  // namespace knowhow
