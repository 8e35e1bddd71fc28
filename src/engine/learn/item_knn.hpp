// Neighbourhoods of items: who liked this also liked that.
#pragma once

#include "engine/learn/learner.hpp"

namespace knowhow {

// Item-based collaborative filtering with the cosine (Sarwar, Karypis, Konstan and Riedl 2001,
// "Item-based collaborative filtering recommendation algorithms"), shrunk where two items have
// few people in common (after Bell and Koren 2007; form in similarity.hpp):
//
//   B[i][j] = Σ_u a_u r_ui r_uj / (‖r_i‖ ‖r_j‖ + shrinkage · s),   a_u = (items of
//   u)^-user_activity
//
// with norms over r alone, over all people u that count, and s the mean of their r², so that
// shrinkage counts people whatever the scale of the weights. Only positive weights count: a
// dismissal says that this person wants no such item, not that two items are alike; it stays out
// here and is excluded when serving. An item without positive weight has no row and is nobody's
// target.
//
// Parameters: shrinkage (0 to 1e6, default 20 people), user_activity (0 to 1, default 0),
// max_user_items (2 to 2^31 - 1, default 20000: people with more positive items, machines mostly,
// do not count, because the time is the sum of the squares).
//
// Memory: 16 bytes an item, 8 to 20 bytes an item and thread, 8 bytes a person, 8 bytes a target kept, and where some
// weights are not positive 16 bytes an interaction for a copy without them. Generated data of
// MovieLens-20M's shape with a tenth of its rows (27,000 items, 138,000 people, 1.9 million pairs,
// longest history 8,219, K = 200, 5.4 million targets): 3.5 s on one thread, 1.8 s on two, 79 MB
// with the interactions.
class ItemKnn : public Learner {
  public:
    std::string_view name() const override { return "item_knn"; }
    std::string_view description() const override;
    std::span<const Parameter> parameters() const override;
    std::size_t fit_memory(const Interactions& interactions, const Parameters& parameters,
                           const FitOptions& options, Monitor& monitor,
                           MemoryBudget& budget) const override;
    ItemItem fit(const Interactions& interactions, const Parameters& parameters,
                 const FitOptions& options, Monitor& monitor, MemoryBudget& budget) const override;
};

}  // namespace knowhow
