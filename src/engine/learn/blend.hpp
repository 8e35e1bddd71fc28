// slim and ials, added up as one matrix between items.
#pragma once

#include "engine/learn/learner.hpp"

namespace knowhow {

// A regression on few neighbours is the better one at the head of a list, factors are in its length.
// Both are linear in the history and so is a weighted mean of them, the oldest of ways to blend
// (Jahrer, Töscher and Legenstein 2010, "Combining predictions for accurate recommender systems"):
//
//   B = s · B_ials / ‖B_ials‖ + (1 - s) · B_slim / ‖B_slim‖
//
// where s is ials_share and ‖B‖² = Σ_i g_i ‖row i without its diagonal‖² / Σ_i g_i, g_i = Σ_u r_ui²,
// so that rows count by how often they are used. B_slim is as slim stores it, B_ials whole; of each
// row of the sum the K targets of largest |value| are kept.
//
// Parameters: ials_share (0 to 1), and those of slim and ials by their names; max_user_items is for
// both.
//
// Memory: as slim, then slim's model beside what ials takes. Time: of both.
class Blend : public Learner {
  public:
    std::string_view name() const override { return "blend"; }
    std::string_view description() const override;
    std::span<const Parameter> parameters() const override;
    std::size_t fit_memory(const Interactions& interactions, const Parameters& parameters,
                           const FitOptions& options, Monitor& monitor,
                           MemoryBudget& budget) const override;
    ItemItem fit(const Interactions& interactions, const Parameters& parameters,
                 const FitOptions& options, Monitor& monitor, MemoryBudget& budget) const override;
};

}  // namespace knowhow
