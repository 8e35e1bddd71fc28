// Matrix factorization for implicit feedback, stored as a matrix between items.
#pragma once

#include <cstddef>
#include <memory_resource>

#include "engine/base/aligned.hpp"
#include "engine/learn/learner.hpp"
#include "engine/learn/likes.hpp"

namespace knowhow {

struct IalsSettings {
    std::int32_t factors;
    std::int32_t iterations;
    double unobserved;      // ω
    double regularization;  // λ
    int threads;
    std::uint64_t seed;
};

// What is cut to the strongest of each row: own · B + others · matrix.
struct LinearSum {
    const ItemItem* matrix = nullptr;
    double own = 1;
    double others = 0;
};

// The items' factors, a column of `factors` doubles each, and what folds a person in.
class IalsFactors {
  public:
    IalsFactors(const Likes& likes, const IalsSettings& settings, Monitor& monitor,
                MemoryBudget& budget);

    std::size_t factors() const noexcept { return factors_; }
    std::size_t stride() const noexcept { return stride_; }
    const double* item(std::int32_t item) const noexcept {
        return items_.data() + static_cast<std::size_t>(item) * stride_;
    }
    // The person's factors with all of the objective: what B only approximates. `weights` are
    // r / (mean r). `result` has factors() elements.
    void fold_in(std::span<const std::int32_t> items, std::span<const double> weights,
                 double* result) const;
    // B = V (α₀ VᵀV + E + λI)⁻¹ Vᵀ, or a sum with it, of each row the `targets` strongest.
    ItemItem linear(std::int32_t targets, Monitor& monitor, MemoryBudget& budget,
                    const LinearSum& sum = {}) const;
    // √(Σ_i weights[i] ‖row i of B, whole but for its diagonal‖²).
    double linear_norm(std::span<const double> weights, Monitor& monitor,
                       MemoryBudget& budget) const;

    static std::size_t memory(std::int32_t users, std::int32_t items, std::size_t factors,
                              std::int32_t targets, int threads) noexcept;

  private:
    // α₀ VᵀV + E + λI, lower, to `result`, whose columns are stride() apart.
    void normal_matrix(double* result) const;

    IalsSettings settings_;
    std::size_t factors_;
    std::size_t stride_;
    std::int32_t count_;
    double mean_items_ = 0;       // n: of the people that count; 0 where there are none
    double unobserved_ = 0;       // α₀
    double person_extra_ = 0;     // α₀ · items that anybody likes
    AlignedDoubles items_;
    AlignedDoubles gram_;         // α₀ VᵀV, lower
    AlignedDoubles expected_;     // E, lower
};

// Implicit ALS (Hu, Koren and Volinsky 2008, "Collaborative filtering for implicit feedback
// datasets") in the form and with the regularization of Rendle, Krichene, Zhang and Koren 2022
// ("Revisiting the performance of iALS on item recommendation benchmarks", ν = 1):
//
//   min Σ_observed c_ui (w_uᵀv_i - 1)² + α₀ Σ_all (w_uᵀv_i)²
//       + λ Σ_u (|u| + α₀ |items|) ‖w_u‖² + λ Σ_i (|i| + α₀ |people|) ‖v_i‖²
//
// over the people and items that are in any interaction with a positive weight. c = r / (mean r).
// The right α₀ depends on how sparse the data is; what is set is ω, the weight of everything
// unobserved together beside that of everything observed:
//
//   α₀ = ω · interactions / (people · items)
//
// A person's factors are a ridge regression on their items; without the term that
// makes the regression's matrix theirs alone it is linear in their history, and a model is, like
// all others, a matrix between items:
//
//   B = V (α₀ VᵀV + E + λ (n + α₀ |items|) I)⁻¹ Vᵀ     E = Σ_i (|i| / |people|) v_i v_iᵀ
//
// n is the mean number of items, E the mean over people of the term that is left out. Of each row
// the K targets of largest |value| are kept.
//
// Parameters: factors (1 to 512), iterations (1 to 100), unobserved (ω, 1e-3 to 1e4), penalty (λ),
// max_user_items.
//
// Memory: 8 bytes a factor for each person and item, and factors² · 8 for each thread. Time for
// each iteration: interactions · factors² + (people + items) · factors³/3, and at the end items² ·
// factors.
class Ials : public Learner {
  public:
    std::string_view name() const override { return "ials"; }
    std::string_view description() const override;
    std::span<const Parameter> parameters() const override;
    std::size_t fit_memory(const Interactions& interactions, const Parameters& parameters,
                           const FitOptions& options, Monitor& monitor,
                           MemoryBudget& budget) const override;
    ItemItem fit(const Interactions& interactions, const Parameters& parameters,
                 const FitOptions& options, Monitor& monitor, MemoryBudget& budget) const override;

    // The settings that fit() takes from parameters and options.
    static IalsSettings settings(const Parameters& parameters, const FitOptions& options);
};

}  // namespace knowhow
