// Who preferred what: the matrix users × items that every learner starts from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/learn/sparse_matrix.hpp"
#include "engine/learn/trending.hpp"

namespace knowhow {

// Immutable. A position is the rank of an id among the ascending ids, so nothing here depends on
// the order in which rows arrived. 16 bytes an interaction, 16 bytes a user, 20 an item.
class Interactions {
  public:
    // Ascending, unique; the position of an id is its index.
    std::span<const std::int64_t> users() const noexcept { return users_; }
    std::span<const std::int64_t> items() const noexcept { return items_; }
    std::int32_t user_count() const noexcept { return static_cast<std::int32_t>(users_.size()); }
    std::int32_t item_count() const noexcept { return static_cast<std::int32_t>(items_.size()); }
    // Number of distinct pairs of a user and an item.
    std::size_t size() const noexcept { return by_user_.values.size(); }

    // users × items, and items × users. Weights are finite; they may be zero or negative.
    SparseView by_user() const noexcept { return by_user_.view(); }
    SparseView by_item() const noexcept { return by_item_.view(); }

    // By position: the item's trend at newest_minute() (trending.hpp).
    std::span<const float> trending() const noexcept { return trending_; }
    // The newest minute of a row, or now where rows lie in the future; kNoMinute where no row has
    // a time. What trends are relative to: the same rows give the same model whenever it is made.
    std::int32_t newest_minute() const noexcept { return newest_minute_; }

    // Position of an id, by binary search.
    std::optional<std::int32_t> user_position(std::int64_t user) const noexcept;
    std::optional<std::int32_t> item_position(std::int64_t item) const noexcept;

  private:
    friend class InteractionsBuilder;
    explicit Interactions(std::pmr::memory_resource* resource)
        : users_(resource),
          items_(resource),
          by_user_(resource),
          by_item_(resource),
          trending_(resource) {}

    std::pmr::vector<std::int64_t> users_;
    std::pmr::vector<std::int64_t> items_;
    SparseMatrix by_user_;
    SparseMatrix by_item_;
    std::pmr::vector<float> trending_;
    std::int32_t newest_minute_ = kNoMinute;
};

// Takes rows in any order.
//
// Several rows of the same user and item are added up (in double, in ascending order of weight,
// so that the sum does not depend on the order of the rows either). A sum of zero stays an
// interaction of weight zero.
//
// Memory: 16 bytes a row while rows arrive, at most 24 bytes a row during finish(), about
// 50 bytes for each distinct user and item. Time: linear in rows, and n log n in distinct ids:
// 2 million rows of 138,000 users and 27,000 items take 1.1 s and 43 MB.
class InteractionsBuilder {
  public:
    // Both must outlive the builder and, the budget, what it builds.
    InteractionsBuilder(MemoryBudget& budget, Monitor& monitor);

    // Throws Error(kInvalidArgument) that names user and item if the weight is NaN or infinite,
    // Error(kLimitExceeded) at 2^31 - 1 distinct users or items, Error(kOutOfMemory).
    void add(std::int64_t user, std::int64_t item, float weight, std::int32_t minute = kNoMinute);
    // Makes an item known that may have no interaction (content alone can then reach it).
    void add_item(std::int64_t item);

    // Number of rows, and of people in them, added so far.
    std::size_t row_count() const noexcept { return row_count_; }
    std::size_t user_count() const noexcept { return users_.size(); }

    // Bytes that finish() takes at its peak beyond what the builder holds; never less. Known ids
    // and rows count, so ask after the last add().
    std::size_t finish_memory() const noexcept;

    // Ends the builder's life: it is empty afterwards. Throws Error(kInvalidArgument) if a sum of
    // weights exceeds what a float holds.
    Interactions finish(const Fading& fading = {}) &&;

  private:
    struct Row {
        std::int32_t user;  // order of first appearance, not a position
        std::int32_t item;
        float weight;
        std::int32_t minute;
    };
    // Consecutive ids are common; mixing spreads them and keeps chosen ids from colliding cheaply.
    struct Mix {
        std::size_t operator()(std::int64_t id) const noexcept;
    };
    using Index = std::pmr::unordered_map<std::int64_t, std::int32_t, Mix>;

    static std::int32_t number(Index& index, std::int64_t id, const char* what);
    // Fills `ids` with the ascending ids; returns the position by order of first appearance.
    std::pmr::vector<std::int32_t> positions(Index& index, std::pmr::vector<std::int64_t>& ids);
    void add_up_duplicates(Interactions& result);
    void add_up_trends(Interactions& result, const Fading& fading,
                       const std::pmr::vector<std::int32_t>& item_at);

    MemoryBudget& budget_;
    Monitor& monitor_;
    PollEvery poll_;
    Index users_;
    Index items_;
    std::pmr::vector<std::pmr::vector<Row>> blocks_;
    std::size_t row_count_ = 0;
};

}  // namespace knowhow
