// What the learners of item-item models start from: who likes what, and how much each person counts.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/learn/interactions.hpp"
#include "engine/learn/sparse_matrix.hpp"

namespace knowhow {

// The positive interactions. A dismissal says that this person wants no such item, not that two
// items are alike; it stays out here and counts when serving.
//
// Memory: 8 bytes a person and an item, and where some weights are not positive 16 bytes a positive
// interaction for a copy without them. Linear time.
class Likes {
  public:
    // `user_activity`: a person counts by their number of items to the power of minus this.
    // `max_user_items`: people with more items, machines mostly, do not count.
    // `interactions` must outlive this.
    Likes(const Interactions& interactions, double user_activity, double max_user_items,
          Monitor& monitor, MemoryBudget& budget);

    SparseView by_user() const noexcept { return by_user_; }
    SparseView by_item() const noexcept { return by_item_; }
    std::int32_t user_count() const noexcept { return by_user_.row_count(); }
    std::int32_t item_count() const noexcept { return by_item_.row_count(); }
    // a_u, by position: 0 for people that do not count.
    std::span<const double> user_weight() const noexcept { return user_weight_; }
    // Σ_u r_ui² over the people that count, by position of the item.
    std::span<const double> squares() const noexcept { return squares_; }
    // The mean of the r² that count, 1 where there are none: what makes a parameter count people
    // whatever the scale of the weights.
    double mean_square() const noexcept { return mean_square_; }

  private:
    SparseView by_user_;
    SparseView by_item_;
    std::optional<SparseMatrix> own_by_user_;
    std::optional<SparseMatrix> own_by_item_;
    std::pmr::vector<double> user_weight_;
    std::pmr::vector<double> squares_;
    double mean_square_ = 1;
};

// The bytes that Likes takes.
std::size_t likes_memory(const Interactions& interactions, Monitor& monitor);

// For each item at most how many others the people who like it and count lead to.
std::pmr::vector<std::int32_t> reach_of_items(const Interactions& interactions,
                                              double max_user_items, Monitor& monitor,
                                              MemoryBudget& budget);

}  // namespace knowhow
