#include "engine/learn/row_products.hpp"

#include <algorithm>

namespace knowhow {

void CheckedProducts::add_row(SparseView rows, SparseView columns,
                              std::span<const double> column_weight, std::int32_t item,
                              SparseSums& sums) {
    const SparseRow row = rows.row(item);
    for (std::size_t k = 0; k < row.size(); ++k) {
        const auto column = row.columns[k];
        const double factor =
            column_weight[static_cast<std::size_t>(column)] * static_cast<double>(row.values[k]);
        if (factor == 0) {
            continue;
        }
        const SparseRow other = columns.row(column);
        for (std::size_t begin = 0; begin < other.size();) {
            const std::size_t end = std::min(other.size(), begin + until_check_);
            for (std::size_t n = begin; n < end; ++n) {
                sums.add(other.columns[n], factor * static_cast<double>(other.values[n]));
            }
            until_check_ -= end - begin;
            begin = end;
            if (until_check_ == 0) {
                cancellation_.check();
                until_check_ = kProductsPerCheck;
            }
        }
    }
}

}  // namespace knowhow
