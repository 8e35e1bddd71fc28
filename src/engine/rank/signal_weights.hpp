// The weights of the signals, by the names that they have in a recommender's params.
#pragma once

#include <span>
#include <string_view>

#include "engine/rank/ranking.hpp"

namespace knowhow {

struct SignalWeight {
    std::string_view parameter;
    double& (*of)(RankingOptions& options);
};

// Those that decide without a query, in a fixed order: collaborative_weight, profile_weight,
// labels_weight, popularity_weight, trending_weight, freshness_weight, freshness_half_life.
std::span<const SignalWeight> signal_weights();

// What a recommender must at least beat: one signal that is the same for everybody. It learns
// nothing of people.
struct Baseline {
    std::string_view algorithm;
    double& (*weight)(RankingOptions& options);  // the only one that is not 0
};

// popularity, trending, newest.
std::span<const Baseline> baselines();

// NULL for an algorithm that is none.
const Baseline* find_baseline(std::string_view algorithm);

// That signal alone: its weight becomes 1, those of all others 0.
void rank_by(const Baseline& baseline, RankingOptions& options);

}  // namespace knowhow
