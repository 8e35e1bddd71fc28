// Regression of each item on its nearest others: EASE that grows with the items, not their cube.
#pragma once

#include "engine/learn/learner.hpp"

namespace knowhow {

// The ridge objective of EASE (Steck 2019, "Embarrassingly shallow autoencoders for sparse data"),
// column by column on few items each, as in SLIM (Ning and Karypis 2011, "SLIM: sparse linear
// methods for top-N recommender systems"; the choice of few neighbours by similarity first is their
// fsSLIM):
//
//   1. candidates of target j: the items i with the largest G_ij² / (G_ii + λ), which is what the
//      objective gains from i alone; G = Xᵀ diag(a) X, a_u = (items of u)^-user_activity
//   2. b_j = (G_SS + λI)⁻¹ G_Sj over these candidates S
//   3. of each history item the K targets of largest |value| are kept, negative ones too
//   4. step 2 again on the support that is left
//
// λ = ridge · s, s the mean of the squared weights, so that ridge counts people whatever the scale
// of the weights. Only positive weights count (likes.hpp).
class Slim : public Learner {
  public:
    std::string_view name() const override { return "slim"; }
    std::string_view description() const override;
    std::span<const Parameter> parameters() const override;
    std::size_t fit_memory(const Interactions& interactions, const Parameters& parameters,
                           const FitOptions& options, Monitor& monitor,
                           MemoryBudget& budget) const override;
    ItemItem fit(const Interactions& interactions, const Parameters& parameters,
                 const FitOptions& options, Monitor& monitor, MemoryBudget& budget) const override;
};

}  // namespace knowhow
