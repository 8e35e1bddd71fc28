// The ridge regression of each item on a few others: what EASE solves at once, column by column.
#pragma once

#include <cstddef>
#include <cstdint>

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
// G is never whole in memory: so many columns are solved in one pass that their small matrices fit
// `area` bytes (a single column may need more), and each pass computes the rows of G anew that it
// needs. Time: Σ_j |S_j|³/3, and for each pass Σ over people of (their items)². Sums are in double
// and in a fixed order, small matrices are kept in float: the result is the same bit for bit for
// any number of threads and any area.
// Throws Error(kNumericOutOfRange) where λ > 0 is too small for the data to be solved with.
void solve_columns(const Likes& likes, double lambda, std::size_t area, int threads,
                   Monitor& monitor, MemoryBudget& budget, ItemItem& columns);

// How many small matrices' bytes a pass should have: few passes, and little beside a dense G.
std::size_t ridge_area(std::int32_t items) noexcept;

// The bytes that solve_columns() takes at its peak, where supports have at most `longest` items and
// `entries` all together.
std::size_t solve_columns_memory(std::int32_t items, std::size_t longest, std::size_t entries,
                                 std::size_t area, int threads);

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
