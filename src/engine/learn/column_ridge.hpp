// The ridge regression of each item on a few others: what EASE solves at once, column by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/learn/item_item.hpp"
#include "engine/learn/likes.hpp"

namespace knowhow {

// For each target j, over the items S_j of its support, with G = Xᵀ diag(a) X of `likes`:
//
//   b_j = argmin ‖x_j − X b‖²_a + λ ‖b‖²   where b is 0 outside of S_j
//       = (G[S_j, S_j] + λ I)⁻¹ G[S_j, j]
//
// Row j of `columns` is S_j; its weights are overwritten by b_j, in place and in the same order, so
// zeros may appear and the order is no more that of stronger().
//
// So many columns are solved in one pass that their small matrices fit an area of memory, and each
// pass computes the rows of G anew that it needs, but where G is kept. Where that is more work than
// to sum G[S_j, S_j] from the likes of S_j alone (many items with few likes each), each column is
// solved so. Time: Σ_j |S_j|³/3, and for each time that G is computed Σ over people of (their
// items)². Sums are in double and in a fixed order, what is kept is float: the result is the same
// bit for bit for any number of threads and any memory.
// Throws Error(kNumericOutOfRange) where λ > 0 is too small for the data to be solved with.
struct RidgeMemory {
    std::size_t area;    // bytes for small matrices, or for likes of columns that are solved alone;
                         // a single column may need more
    // G is kept, 4 bytes for each pair of items, where that takes no more than `gram` bytes and saves
    // more than `products` products of computing it anew.
    std::size_t gram;
    double products;
};
void solve_columns(const Likes& likes, double lambda, RidgeMemory memory, int threads,
                   Monitor& monitor, MemoryBudget& budget, ItemItem& columns);

// What solve_columns() should have: an area that is little beside EASE's dense matrix, and up to 64
// MiB for G where that saves some seconds, each at most a quarter of what `budget` allows in all.
// (2.1 million interactions of 20,000 people with 4,000 items: 4.4 s and 76 MB instead of 51.6 s and
// 15 MB; EASE takes 129 MB. 3.6 million of 60,000 people with 16,000 items: 51 MB; EASE takes 1979.)
RidgeMemory ridge_memory(std::int32_t items, const MemoryBudget& budget) noexcept;

// Σ over people of (their items)²: the products that it takes to compute G. Who has no weight does
// not count, where weights are known.
double gram_products(SparseView by_user, std::span<const double> user_weight = {});

// The bytes that solve_columns() takes at its peak, where supports have at most `longest` items and
// `entries` all together, and G takes so many products.
std::size_t solve_columns_memory(std::int32_t items, std::size_t longest, std::size_t entries,
                                 double products, RidgeMemory memory, int threads);

// B by history items from B by targets: of each history item the at most `targets` strongest.
// Empties `columns` on the way.
ItemItem strongest_by_row(ItemItem&& columns, std::int32_t targets, Monitor& monitor,
                          MemoryBudget& budget);

// Of each row the at most `count` strongest that are not zero, in the order of stronger().
void keep_strongest_of_each(ItemItem& matrix, std::size_t count, Monitor& monitor,
                            MemoryBudget& budget);

// The support of each target from B by history items, weights included: the inverse.
ItemItem by_target(const ItemItem& rows, Monitor& monitor, MemoryBudget& budget);

}  // namespace knowhow
