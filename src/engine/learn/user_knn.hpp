// The neighbour formula over users, computed from the rows that are committed now.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"

namespace knowhow {

//   sim(u, v)   = Σ_p r_up r_vp / (‖r_u‖ ‖r_v‖), over all items p
//   score(u, p) = Σ_v r_vp sim(u, v), over the k nearest v with sim(u, v) > 0
//
// User-based collaborative filtering with the cosine (Breese, Heckerman and Kadie 1998, "Empirical
// analysis of predictive algorithms for collaborative filtering"); an item without a rating counts
// as 0, ratings are not centred, and the score is a sum, no mean. Nothing is trained: the caller
// reads rows in two steps.
//
//   1. NeighbourSearch: rows of other people on the person's own items, and those people's norms,
//      give the k nearest.
//   2. NeighbourScores: all rows of these k give the scores.
//
// Sums are in double and in an order of their own: results do not depend on the order of rows.

struct ItemWeight {
    std::int64_t item;
    double weight;
};

struct Neighbour {
    std::int64_t user;
    double similarity;  // in (0, 1]
};

// Memory: 24 bytes a shared row and 32 bytes a person who shares an item. Time: n log n in rows.
class NeighbourSearch {
  public:
    // All ratings of the person, items distinct. Throws Error(kInvalidArgument) that names user
    // and item if a weight is not finite. `person` itself is never a neighbour; an anonymous
    // history passes an id that nobody has.
    NeighbourSearch(std::int64_t person, std::span<const ItemWeight> ratings, Monitor& monitor,
                    MemoryBudget& budget);

    // A row of anyone; the person's own and those on items that the person has not rated are
    // ignored. Rows of the same user and item add up. Throws as the constructor does.
    void add(std::int64_t user, std::int64_t item, double weight);

    // Everyone with a row that counted, ascending: whose norms set_squared_norm() expects. Call it
    // after the last add().
    std::pmr::vector<std::int64_t> users();

    // Σ_p r_vp² over all items of a user in users(); others are ignored. A user without a norm is
    // no neighbour. Throws Error(kInvalidArgument) unless finite and >= 0.
    void set_squared_norm(std::int64_t user, double squared_norm);

    // The nearest first, equal similarities by ascending user.
    std::pmr::vector<Neighbour> nearest(std::size_t k);

  private:
    struct Product {
        std::int64_t user;
        std::int64_t item;
        double product;
    };
    struct Other {
        std::int64_t user;
        double dot;
        double squared_norm;
    };

    void sum_products();

    const std::int64_t person_;
    MemoryBudget& budget_;
    PollEvery poll_;
    double squared_norm_ = 0;
    std::pmr::vector<ItemWeight> ratings_;  // by item
    std::pmr::vector<Product> products_;    // not yet summed
    std::pmr::vector<Other> others_;        // by user
};

struct NeighbourScore {
    std::int64_t item;
    double score;
    std::int32_t neighbours;  // how many of the k have a row on the item
};

// Memory: 24 bytes a row of a neighbour. Time: n log n in rows.
class NeighbourScores {
  public:
    NeighbourScores(std::span<const Neighbour> neighbours, Monitor& monitor, MemoryBudget& budget);

    // A row of anyone; those of no neighbour are ignored. Rows of the same user and item add up.
    // Throws Error(kInvalidArgument) that names user and item if the weight is not finite.
    void add(std::int64_t user, std::int64_t item, double weight);

    // By ascending item: all items of the neighbours, the person's own included, whatever the sign
    // of the score.
    std::pmr::vector<NeighbourScore> scores();

  private:
    struct Contribution {
        std::int64_t item;
        std::int32_t neighbour;
        double weight;
    };

    MemoryBudget& budget_;
    PollEvery poll_;
    std::pmr::vector<Neighbour> neighbours_;  // by user
    std::pmr::vector<Contribution> contributions_;
};

}  // namespace knowhow
