#include "engine/rank/signal_weights.hpp"

#include <algorithm>
#include <array>

namespace knowhow {
namespace {

double& collaborative(RankingOptions& options) {
    return options.collaborative;
}
double& profile(RankingOptions& options) {
    return options.profile;
}
double& labels(RankingOptions& options) {
    return options.labels;
}
double& popularity(RankingOptions& options) {
    return options.fusion.popularity_weight;
}
double& trending(RankingOptions& options) {
    return options.fusion.trending_weight;
}
double& freshness(RankingOptions& options) {
    return options.fusion.freshness_weight;
}
double& half_life(RankingOptions& options) {
    return options.freshness_half_life;
}

constexpr std::array<SignalWeight, 7> kWeights = {{
    {"collaborative_weight", collaborative},
    {"profile_weight", profile},
    {"labels_weight", labels},
    {"popularity_weight", popularity},
    {"trending_weight", trending},
    {"freshness_weight", freshness},
    {"freshness_half_life", half_life},
}};

constexpr std::array<Baseline, 3> kBaselines = {{
    {"popularity", popularity},
    {"trending", trending},
    {"newest", freshness},
}};

}  // namespace

std::span<const SignalWeight> signal_weights() {
    return kWeights;
}

std::span<const Baseline> baselines() {
    return kBaselines;
}

const Baseline* find_baseline(std::string_view algorithm) {
    const auto* const found =
        std::find_if(kBaselines.begin(), kBaselines.end(),
                     [=](const Baseline& known) { return known.algorithm == algorithm; });
    return found == kBaselines.end() ? nullptr : found;
}

void rank_by(const Baseline& baseline, RankingOptions& options) {
    for (const SignalWeight& weight : kWeights) {
        if (weight.of != half_life) {
            weight.of(options) = 0;
        }
    }
    // Of these two training finds no weight.
    options.links = options.team = 0;
    baseline.weight(options) = 1;
}

}  // namespace knowhow
