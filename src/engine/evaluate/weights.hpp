// Weights of the signals, found on the last stretch of a history that is known.
//
// The stretch: the newest first meetings (weights that add up to more than 0) until it has met
// 500 people, or a fifth of all. A model is fitted to what came before it, and each person is asked
// one of their questions of the stretch, without its query: every snippet that existed then is
// ranked, with rows as of that moment. Where meetings have no times, or half of them one and the
// same, a few of each person's are held out instead (by a hash: nothing is newer than anything).
//
// The search: one weight after the other takes each value of a fixed grid, as multiples of the
// largest of the others whose signals anybody has (a score orders, whatever its scale), freshness
// its weight and half-life together; the best mean nDCG@10 over one half of the people is taken
// where it is better by more than one standard error of the paired difference (the
// one-standard-error rule: Breiman, Friedman, Olshen and Stone 1984, "Classification and regression
// trees"; line search over the weights of a linear ranking by the metric itself: Metzler and Croft
// 2007, "Linear feature-based models for information retrieval"). At most three rounds.
//
// The test: the other half of the people decides, once. What was found is used where the lower end
// of the 95 % interval of the paired difference is above 0; else the weights stay what they were.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/evaluate/archive.hpp"
#include "engine/evaluate/replay.hpp"

namespace knowhow {

// People who are asked, at most and at least, and snippets times people: what bounds the time.
inline constexpr std::size_t kMostAsked = 500;
inline constexpr std::size_t kFewestAsked = 100;
inline constexpr std::size_t kMostScored = 2'000'000;

struct FoundWeights {
    RankingOptions ranking;    // as given, with the weights that were found
    bool better = false;       // whether they differ from those given
    std::int64_t people = 0;   // of the half that decides; 0: fewer than kFewestAsked to ask
    double before = 0;         // its mean nDCG@10 with the weights given,
    double after = 0;          // and with those that the search found
    double low = 0, high = 0;  // 95 % interval of the difference
};

// What counts is what is before `moment` and not held out (`held_out` as in Replay); `clock` as in
// Replay::train(). Weights that options.fixed_weights names keep their values. Deterministic.
//
// Time: one fit, and about 4 us for each of at most max(kMostScored, kFewestAsked × snippets)
// scored snippets; the search takes about a second. Memory from the budget: 5 bytes a row and a
// model; besides, 32 bytes for each of at most 620 snippets a person.
FoundWeights find_weights(const Archive& archive, const ReplayOptions& options,
                          std::span<const std::uint8_t> held_out, std::int64_t moment,
                          std::int64_t clock, Monitor& monitor, MemoryBudget& budget);

}  // namespace knowhow
