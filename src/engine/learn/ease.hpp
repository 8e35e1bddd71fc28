// The closed form: regression of each item on all others at once. The reference for slim.
#pragma once

#include "engine/learn/learner.hpp"

namespace knowhow {

// EASE (Steck 2019, "Embarrassingly shallow autoencoders for sparse data"):
//
//   P = (Xᵀ diag(a) X + λI)⁻¹        B[i][j] = -P_ij / P_jj, i != j
//
// a and λ are those of slim (slim.hpp). What is stored is no dense matrix: of each history item the
// K targets of largest |value|, negative ones too, of each target the 5 K strongest of these (at
// most 1,000), and on this support the same objective is solved again (column_ridge.hpp).
//
// Parameters: ridge, user_activity, max_user_items, as of slim.
//
// Memory: 8 bytes for each pair of items. Time: the cube of the items.
class Ease : public Learner {
  public:
    std::string_view name() const override { return "ease"; }
    std::string_view description() const override;
    std::span<const Parameter> parameters() const override;
    std::size_t fit_memory(const Interactions& interactions, const Parameters& parameters,
                           const FitOptions& options, Monitor& monitor,
                           MemoryBudget& budget) const override;
    ItemItem fit(const Interactions& interactions, const Parameters& parameters,
                 const FitOptions& options, Monitor& monitor, MemoryBudget& budget) const override;
};

}  // namespace knowhow
